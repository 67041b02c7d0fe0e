<?php
// SPDX-License-Identifier: Apache-2.0
// Does what its query says, as applications do.
header('Content-Type: text/plain');
$body = file_get_contents('php://input');
$did = $_GET['do'] ?? 'page';
switch ($did) {
    case 'large':
        for ($n = 0; $n < 100; $n++) {
            echo str_repeat('0123456789', 1000), "\n";
        }
        break;
    case 'status':
        http_response_code(418);
        break;
    case 'location':
        header('Location: /elsewhere');
        exit;
    case 'cookie':
        setcookie('one', '1');
        setcookie('two', '2', ['httponly' => true]);
        break;
    case 'length':
        header('Content-Length: 5');
        echo 'five.';
        exit;
    case 'warning':
        error_log('a warning of the script');
        break;
    case 'fatal':
        none();
    case 'early':
        echo 'early';
        fastcgi_finish_request();
        exit;
    case 'flush':
        echo 'first,';
        flush();
        usleep(20000);
        echo 'second';
        exit;
    case 'nothing':
        exit;
    case 'range':
        header('Accept-Ranges: bytes');
        header('ETag: "script"');
        break;
    case 'lost':
        http_response_code(404);
        echo 'lost ', $_SERVER['REDIRECT_STATUS'] ?? '', ' ', $_SERVER['REDIRECT_URL'] ?? '', "\n";
        exit;
}
echo $did, ' ', $_SERVER['REQUEST_METHOD'], ' ', strlen($body), ' ', md5($body), ' ';
echo count($_POST), ' ', $_SERVER['CONTENT_LENGTH'] ?? 'none', "\n";
echo $_SERVER['PATH_INFO'] ?? '', "\n";
echo $_SERVER['SCRIPT_NAME'], ' ', $_SERVER['SCRIPT_FILENAME'], ' ', $_SERVER['PHP_SELF'], "\n";
