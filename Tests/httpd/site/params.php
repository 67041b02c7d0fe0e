<?php
// SPDX-License-Identifier: Apache-2.0
// What PHP was sent, and what it made of it.
header('Content-Type: application/json');
ksort($_SERVER);
echo json_encode($_SERVER, JSON_PRETTY_PRINT | JSON_INVALID_UTF8_SUBSTITUTE);
