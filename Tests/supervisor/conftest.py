# SPDX-License-Identifier: Apache-2.0
"""Fixtures: each gives what a test starts, and ends it, in a directory that www-data can reach."""

import shutil

import pytest
from fixtures import directory, start  # noqa: F401
from httpd import HTTPD
from supervised import APPLICATIONS, SUPERVISOR, Host, Named, Supervisor


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
