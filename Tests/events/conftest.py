# SPDX-License-Identifier: Apache-2.0
"""Fixtures: programs built once against an installed tree, and what each test starts."""

import sys
from pathlib import Path

import pytest

# Before Tests/httpd, which has a module client too.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "applications"))

import applications  # noqa: E402
import hosts  # noqa: E402
from fixtures import directory, responder, start, start_responder  # noqa: E402, F401
from installed import install  # noqa: E402
from scripted import Scripted  # noqa: E402


@pytest.fixture(scope="session")
def prefix(tmp_path_factory):
    made = tmp_path_factory.mktemp("prefix")
    install(made)
    return made


@pytest.fixture(scope="session")
def epoll_host(prefix):
    return hosts.build(prefix, "epoll_host", sorted((hosts.SOURCES / "epoll").glob("*.c")))


@pytest.fixture(scope="session")
def libuv_host(prefix):
    return hosts.build(prefix, "libuv_host", [hosts.SOURCES / "libuv_host.c"], "libuv")


@pytest.fixture(scope="session", params=["php-fpm", "uwsgi"])
def application(request):
    """A real application that keeps the contract of Tests/applications."""
    with applications.start(request.param, "unix") as running:
        yield running


@pytest.fixture(scope="session")
def php():
    with applications.start("php-fpm", "unix") as running:
        yield running


@pytest.fixture
def host(start, epoll_host):
    """Starts the epoll host before an address, where every path is the application's."""
    return lambda *backends, **options: start(
        hosts.Host, epoll_host, backends, **{"script": "", **options})


@pytest.fixture
def scripted(directory):
    """An application whose part the test plays itself."""
    with Scripted(directory / "scripted.sock") as application:
        yield application
