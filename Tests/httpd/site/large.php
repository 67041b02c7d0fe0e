<?php
// SPDX-License-Identifier: Apache-2.0
// A body of size bytes in many pieces, with the fields that are asked for.
header('Content-Type: text/plain');
foreach ((array) ($_GET['field'] ?? []) as $field) {
    header($field);
}
for ($left = (int) $_GET['size']; $left > 0; $left -= 16000) {
    echo str_repeat('x', min($left, 16000));
    flush();
}
