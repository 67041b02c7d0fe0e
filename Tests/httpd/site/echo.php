<?php
// SPDX-License-Identifier: Apache-2.0
// Answers with the body of the request.
header('Content-Type: application/octet-stream');
readfile('php://input');
