# SPDX-License-Identifier: Apache-2.0
"""Fixtures of several parts: a conftest imports those of its tests, and those that these use."""

import contextlib
import shutil
import tempfile
from pathlib import Path

import pytest
from processes import Responder


@contextlib.contextmanager
def short_directory():
    """www-data can reach it. A short path, since a Unix socket's may have 107 bytes."""
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


@pytest.fixture
def start(directory):
    """Starts any Process class in a directory of its own, and stops it at the end."""
    started = []

    def start(kind, *arguments, **options):
        place = directory / str(len(started))
        place.mkdir()
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
