<?php
// SPDX-License-Identifier: Apache-2.0
// As many lines to STDERR as asked for, of that size, each with its number.
for ($i = 0; $i < $_GET['lines']; ++$i) {
    error_log(sprintf('line %06d %s', $i, str_repeat('x', (int)$_GET['size'])));
}
echo 'done';
