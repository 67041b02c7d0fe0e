# SPDX-License-Identifier: Apache-2.0
"""Hosts in need: one that forks, one out of descriptors, processes that share a capacity."""

import subprocess

import pytest

from library import HOST
from processes import SITE

SCRIPT = SITE / "query.php"


@pytest.mark.parametrize("host", ["fork_host", "scarce_host", "capacity_host"])
def test_host(php, host):
    done = subprocess.run(
        [HOST.with_name(host), php.address, SCRIPT],
        env={"LD_LIBRARY_PATH": str(HOST.parent)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=50,
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout == "right\n"
