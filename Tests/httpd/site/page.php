<?php
// SPDX-License-Identifier: Apache-2.0
// What the tests look for in a page that really came out of PHP.
header('Content-Type: text/plain');
header('Set-Cookie: first=1', false);
header('Set-Cookie: second=2', false);
$body = file_get_contents('php://input');
echo 'page of ', PHP_SAPI, "\n";
echo 'sum ', array_sum(array_map('intval', $_GET)), "\n";
echo 'method ', $_SERVER['REQUEST_METHOD'], "\n";
echo 'body ', strlen($body), ' ', hash('sha256', $body), "\n";
