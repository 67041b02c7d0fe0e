<?php
// SPDX-License-Identifier: Apache-2.0
// The contract (../README.md) for php-fpm.

function send(string $body, int $status = 200, array $fields = []): void
{
    http_response_code($status);
    header('Content-Type: text/plain');
    foreach ($fields as $field) {
        header($field, false);
    }
    echo $body;
}

function body_digest(): string
{
    $input = fopen('php://input', 'rb');
    $digest = hash_init('sha256');
    $length = hash_update_stream($digest, $input);
    witness("read $length");
    return "$length " . hash_final($digest) . "\n";
}

// What the application sees of its body, for those who cannot be answered any more.
function witness(string $line): void
{
    if (isset($_SERVER['WITNESS'])) {
        file_put_contents($_SERVER['WITNESS'], "$line\n", FILE_APPEND);
    }
}

function send_pattern(int $size, bool $declared): void
{
    header('Content-Type: application/octet-stream');
    if ($declared) {
        header("Content-Length: $size");
    }
    $rest = '';
    for ($i = 16; $i < 65536; $i++) {
        $rest .= chr(($i * 7 + intdiv($i, 256)) & 255);
    }
    for ($block = 0; $size > 0; $block++, $size -= 65536) {
        $bytes = sprintf('%016d', $block) . $rest;
        echo $size < 65536 ? substr($bytes, 0, $size) : $bytes;
    }
}

function param_line(string $name): string
{
    return isset($_SERVER[$name]) ? "$name=$_SERVER[$name]\n" : "$name absent\n";
}

switch ($_GET['case'] ?? '') {
    case 'params':
        send(implode('', array_map('param_line', explode(',', $_GET['names']))));
        break;
    case 'post':
        send(body_digest());
        break;
    case 'unread':
        send("unread\n");
        break;
    case 'head':
        send("whole\n", 200, ['Content-Length: 6', 'X-Method: ' . $_SERVER['REQUEST_METHOD']]);
        break;
    case 'unmodified':
        send('', 304, ['ETag: "contract"']);
        break;
    case 'missing':
        send("missing\n", 404);
        break;
    case 'redirect':
        send("elsewhere\n", 302, ['Location: http://elsewhere.example/there?a=1']);
        break;
    case 'cookies':
        send("cookies\n", 200, ['Set-Cookie: a=1', 'Set-Cookie: b=2; Path=/', 'Set-Cookie: c=3']);
        break;
    case 'stderr':
        for ($line = 1; $line <= $_GET['lines']; $line++) {
            error_log("stderr line $line");
        }
        send("stderr\n");
        break;
    case 'down':
        send_pattern((int) $_GET['size'], $_GET['length'] === '1');
        break;
    case 'sleep':
        usleep($_GET['ms'] * 1000);
        send("slept {$_GET['ms']}\n");
        break;
    case 'id':
        send("{$_GET['token']}\n", 200, ["X-Token: {$_GET['token']}"]);
        break;
    default:
        send("no such case\n", 500);
}
