<?php
// SPDX-License-Identifier: Apache-2.0
// Names a file instead of sending it: field and path are what the tests ask for.
header('Content-Type: application/x-own');
header('Set-Cookie: kept=1');
header('Content-Length: 7');
header($_GET['field'] . ': ' . $_GET['path']);
echo 'instead';
