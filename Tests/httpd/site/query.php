<?php
// SPDX-License-Identifier: Apache-2.0
// Tells answers apart.
header('Content-Type: text/plain');
echo $_SERVER['QUERY_STRING'];
