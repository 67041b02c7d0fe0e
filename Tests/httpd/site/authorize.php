<?php
// SPDX-License-Identifier: Apache-2.0
// An authorizer: by its query or by a cookie a request says what it is to be told.
$query = explode('=', $_SERVER['QUERY_STRING'] . '=', 2)[1];
if (($_SERVER['HTTP_AUTHORIZATION'] ?? '') === 'Bearer sesame') {
    header('Variable-WHO: alice');
    header('variable-ROLE: ' . $_SERVER['FCGI_ROLE']);
    header('Set-Cookie: of=authorizer');
} elseif (str_starts_with($query, 'login')) {
    header('Location: http://login.example/?from=' . $_SERVER['REQUEST_URI']);
} elseif (str_starts_with($query, 'large')) {
    header('Status: 403 No');
    echo str_repeat('x', 17 << 20);
} else {
    header('Status: 401 Who are you');
    header('WWW-Authenticate: Bearer');
    header('Content-Type: text/plain');
    foreach (['CONTENT_LENGTH', 'PATH_INFO', 'PATH_TRANSLATED', 'SCRIPT_NAME'] as $name) {
        echo $name, '=', getenv($name), "\n";
    }
    echo $_SERVER['REQUEST_METHOD'], ' ', $_SERVER['REQUEST_URI'], "\n";
}
