# SPDX-License-Identifier: Apache-2.0
"""Fixtures: each gives what a test starts, and ends it, in a directory that www-data can reach."""

import pytest
from fixtures import directory, responder, start, start_responder  # noqa: F401
from full_backlog import FullBacklog
from httpd import HTTPD
from long_form import IS_LONG
from processes import PHP
from weakness import MODULES, Weaknesses


def pytest_configure(config):
    config.weaknesses = Weaknesses()


def pytest_terminal_summary(terminalreporter, config):
    for line in config.weaknesses.lines():
        terminalreporter.write_line(line)


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


@pytest.fixture(params=MODULES if IS_LONG else ["ours"])
def module(request):
    """The name of one of the two modules: in the long form the test runs with both. Stock's faults
    take their time, and do not change."""
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
