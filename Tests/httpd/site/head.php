<?php
// SPDX-License-Identifier: Apache-2.0
// A page that says of itself what the tests ask for.
header('Content-Type: text/plain');
header('ETag: "page"');
if (isset($_GET['status'])) {
    header('Status: ' . $_GET['status']);
}
echo "the page\n";
