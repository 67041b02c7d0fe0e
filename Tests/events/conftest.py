# SPDX-License-Identifier: Apache-2.0
"""Fixtures: programs built once against an installed tree, and what each test starts."""

import shutil
import sys
import tempfile
from pathlib import Path

import pytest

# Before Tests/httpd, which has a module client too.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "applications"))

import applications  # noqa: E402
import hosts  # noqa: E402
from processes import Responder  # noqa: E402
from scripted import Scripted  # noqa: E402


@pytest.fixture(scope="session")
def prefix(tmp_path_factory):
    made = tmp_path_factory.mktemp("prefix")
    hosts.install(made)
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
def directory():
    """A directory with a short path, since a Unix socket's may have 107 bytes."""
    made = Path(tempfile.mkdtemp(prefix="gateway-"))
    yield made
    shutil.rmtree(made)


@pytest.fixture
def start(directory):
    """Starts any Process class in a directory of its own, and stops it at the end."""
    started = []

    def start(kind, *arguments, **options):
        place = directory / str(len(started))
        place.mkdir()
        started.append(kind(place, *arguments, **options))
        return started[-1]

    yield start
    for process in reversed(started):
        process.stop()
        # pytest shows it when the test has failed.
        print(process.read_log())


@pytest.fixture
def host(start, epoll_host):
    """Starts the epoll host before an address, where every path is the application's."""
    return lambda *backends, **options: start(
        hosts.Host, epoll_host, backends, **{"script": "", **options})


@pytest.fixture
def responder(start):
    """The address of a responder with a behaviour."""
    return lambda behaviour, transport="unix": start(Responder, behaviour, transport).address


@pytest.fixture
def scripted(directory):
    """An application whose part the test plays itself."""
    with Scripted(directory / "scripted.sock") as application:
        yield application
