<?php
// SPDX-License-Identifier: Apache-2.0
// Answers "PID SERVED CROWDED QUERY"; PHP keeps nothing between requests that could count them.
header('Content-Type: text/plain');
echo getmypid(), ' 1 0 ', $_SERVER['QUERY_STRING'], "\n";
