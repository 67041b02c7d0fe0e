<?php
// SPDX-License-Identifier: Apache-2.0
// Takes as many milliseconds as it is asked to.
usleep(1000 * (int) ($_GET['ms'] ?? 0));
echo "slept\n";
