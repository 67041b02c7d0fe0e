# SPDX-License-Identifier: Apache-2.0
"""Fixtures: php-fpm for all tests of a module, and a private httpd for the lines of an example."""

import pytest
from examples import Examples
from fixtures import directory, responder, short_directory, start, start_responder  # noqa: F401
from processes import PHP


@pytest.fixture(scope="module")
def php():
    with short_directory() as made:
        running = PHP(made, tcp=True)
        yield running
        running.stop()


@pytest.fixture
def examples(directory, php):
    made = Examples(directory, php)
    yield made
    made.stop()
