# SPDX-License-Identifier: Apache-2.0
"""The same exchanges under another event loop: libuv."""

import subprocess

import pytest
from built import WRAPPER
from processes import SITE

ECHO = SITE / "echo.php"


@pytest.mark.parametrize("count, max_active", [(1, 1), (8, 8), (60, 4)])
def test_every_body_comes_back(libuv_host, php, count, max_active):
    done = subprocess.run(
        [*WRAPPER, libuv_host, php.address, ECHO, str(count), str(max_active)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    assert done.stdout == "%d right, 0 wrong, 0 left\n" % count
    assert done.returncode == 0
