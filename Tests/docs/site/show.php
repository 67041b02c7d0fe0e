<?php
// SPDX-License-Identifier: Apache-2.0
// Shows what it was sent.
header('Content-Type: text/plain');
$names = ['SCRIPT_NAME', 'PATH_INFO', 'QUERY_STRING', 'REQUEST_URI', 'REQUEST_METHOD',
    'SCRIPT_FILENAME', 'DOCUMENT_ROOT', 'REMOTE_USER', 'HTTP_AUTHORIZATION', 'TRAC_ENV',
    'front_controller_active', 'modHeadersAvailable'];
foreach ($names as $name) {
    echo $name, '=', $_SERVER[$name] ?? '', "\n";
}
echo 'body=', file_get_contents('php://input'), "\n";
