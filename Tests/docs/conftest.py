# SPDX-License-Identifier: Apache-2.0
"""Fixtures: php-fpm for all tests of a module, and a private httpd for the lines of an example."""

import contextlib
import shutil
import tempfile
from pathlib import Path

import pytest
from examples import Examples
from processes import PHP


@contextlib.contextmanager
def short_directory():
    """With a short path, since a Unix socket's may have 107 bytes."""
    made = Path(tempfile.mkdtemp(prefix="gateway-"))
    made.chmod(0o777)
    try:
        yield made
    finally:
        shutil.rmtree(made)


@pytest.fixture
def directory():
    with short_directory() as made:
        yield made


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
