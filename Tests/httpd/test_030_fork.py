# SPDX-License-Identifier: Apache-2.0
"""A host that forks: parent and child each keep to their own connections."""

import subprocess

from library import HOST
from processes import ROOT

FORK_HOST = HOST.with_name("fork_host")
SCRIPT = ROOT / "Tests" / "httpd" / "site" / "query.php"


def test_parent_and_child_use_one_gateway(php):
    done = subprocess.run(
        [FORK_HOST, php.address, SCRIPT],
        env={"LD_LIBRARY_PATH": str(HOST.parent)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=50,
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout == "right\n"
