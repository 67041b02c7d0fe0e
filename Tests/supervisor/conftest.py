# SPDX-License-Identifier: Apache-2.0
"""Fixtures: each gives what a test starts, and ends it, in a directory that www-data can reach."""

import shutil
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "httpd"))

from httpd import HTTPD  # noqa: E402
from supervised import APPLICATIONS, SUPERVISOR, Host, Named, Supervisor  # noqa: E402


@pytest.fixture
def directory():
    """A short path, since a Unix socket's may have 107 bytes."""
    made = Path(tempfile.mkdtemp(prefix="gateway-"))
    made.chmod(0o777)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def start(directory):
    started = []

    def start(kind, *arguments, **options):
        place = directory / str(len(started))
        place.mkdir(mode=0o777)
        place.chmod(0o777)
        started.append(kind(place, *arguments, **options))
        return started[-1]

    yield start
    for process in reversed(started):
        process.stop()
        # pytest shows it when the test has failed.
        print(process.read_log())


@pytest.fixture
def start_supervisor(start):
    return lambda *options, **more: start(Supervisor, *options, **more)


@pytest.fixture
def start_host(start, directory):
    return lambda *settings, **options: start(Host, directory / "run", *settings, **options)


@pytest.fixture
def named(directory):
    """The application of start_host, for gateway-supervisor."""
    return Named(directory / "run")


@pytest.fixture
def public(directory):
    """A copy of the applications where httpd's user finds them."""
    place = directory / "applications"
    shutil.copytree(APPLICATIONS, place)
    place.chmod(0o755)
    return place


@pytest.fixture
def start_httpd(start, directory):
    def start_httpd(mpm, lines, **options):
        runtime = "GatewayRuntimeDir %s/run\nGatewaySupervisor %s\n" % (directory, SUPERVISOR)
        return start(HTTPD, mpm, runtime + lines, **options)

    return start_httpd
