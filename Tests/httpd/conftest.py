# SPDX-License-Identifier: Apache-2.0
"""Fixtures: each gives what a test starts, and ends it, in a directory that www-data can reach."""

import shutil
import tempfile
from pathlib import Path

import pytest
from full_backlog import FullBacklog
from httpd import HTTPD
from processes import PHP, Responder
from weakness import MODULES, Weaknesses


def pytest_configure(config):
    config.weaknesses = Weaknesses()


def pytest_terminal_summary(terminalreporter, config):
    for line in config.weaknesses.lines():
        terminalreporter.write_line(line)


@pytest.fixture
def directory(request):
    """A directory with a short path, since a Unix socket's may have 107 bytes."""
    made = Path(tempfile.mkdtemp(prefix="gateway-"))
    made.chmod(0o777)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def start(directory):
    """Starts any Process class in a directory of its own, and stops it at the end."""
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
def start_responder(start):
    return lambda behaviour, transport="unix": start(Responder, behaviour, transport)


@pytest.fixture
def responder(start_responder):
    """The address of a responder with a behaviour."""
    return lambda behaviour, transport="unix": start_responder(behaviour, transport).address


@pytest.fixture
def full_backlog(directory):
    full = FullBacklog(directory / "full.sock")
    yield full
    full.close()


@pytest.fixture
def php(start):
    """A php-fpm."""
    return start(PHP)


@pytest.fixture
def start_httpd(start):
    return lambda mpm, extra, **options: start(HTTPD, mpm, extra, **options)


@pytest.fixture(params=MODULES)
def module(request):
    """The name of one of the two modules: the test runs with both."""
    return request.param


@pytest.fixture
def serve(start_httpd, module):
    """An httpd with that module, on the event MPM unless another is named."""
    return lambda extra, mpm="event", **options: start_httpd(
        mpm, extra, module=MODULES[module], **options
    )


@pytest.fixture
def observe(request, module):
    """Notes what a module does about a weakness. Ours has to be right; of stock what it does is
    asserted only where that is always the same."""

    def observe(weakness, seen, right, stock=None):
        request.config.weaknesses.note(weakness, module, seen)
        expected = right if module == "ours" else stock
        assert expected is None or seen == expected

    return observe
