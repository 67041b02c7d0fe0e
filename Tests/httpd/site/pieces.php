<?php
// SPDX-License-Identifier: Apache-2.0
// In two pieces, the second one later.
echo "first,";
ob_end_flush();
flush();
usleep(20000);
echo $_GET["n"];
