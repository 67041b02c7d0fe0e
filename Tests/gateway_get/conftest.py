# SPDX-License-Identifier: Apache-2.0
"""gateway-get against a scripted responder or php-fpm, each on a socket of its own."""

import contextlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / ".build" / "release" / "gateway-get"
RESPONDER = ROOT / "Tests" / "support" / "responder.py"
sys.path.insert(0, str(ROOT / "Tests" / "applications"))
import applications  # noqa: E402


@pytest.fixture
def get():
    """Runs gateway-get to its end."""

    def run(address, *arguments, script="/srv/index.php", **keywords):
        command = [str(PROGRAM), address, script, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, timeout=60, **keywords)

    return run


@pytest.fixture
def responder(tmp_path):
    """Starts a responder of a behaviour; its address."""
    with contextlib.ExitStack() as stack:

        def start(behaviour):
            address = "unix:%s" % (tmp_path / (behaviour + ".sock"))
            command = [sys.executable, str(RESPONDER), "--listen", address, behaviour]
            process = subprocess.Popen(command, stdout=subprocess.PIPE)
            stack.callback(process.stdout.close)
            stack.callback(process.wait)
            stack.callback(process.terminate)
            assert process.stdout.readline().startswith(b"ready")
            return address

        yield start


@pytest.fixture(scope="module")
def php():
    with applications.start("php-fpm", "unix") as running:
        yield running
