# SPDX-License-Identifier: Apache-2.0
"""gateway-get against a scripted responder or php-fpm, each on a socket of its own."""

import subprocess
import sys

import pytest
from fixtures import directory, responder, start, start_responder  # noqa: F401
from processes import ROOT

sys.path.insert(0, str(ROOT / "Tests" / "applications"))
import applications  # noqa: E402

PROGRAM = ROOT / ".build" / "release" / "gateway-get"


@pytest.fixture
def get():
    """Runs gateway-get to its end."""

    def run(address, *arguments, script="/srv/index.php", **keywords):
        command = [str(PROGRAM), address, script, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, timeout=60, **keywords)

    return run


@pytest.fixture(scope="module")
def php():
    with applications.start("php-fpm", "unix") as running:
        yield running
