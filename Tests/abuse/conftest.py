# SPDX-License-Identifier: Apache-2.0
"""C programs that mistreat the library: built as a host would be, run, silent but for a word."""

import subprocess
from pathlib import Path

import pytest
from fixtures import directory, responder, start, start_responder  # noqa: F401
from library import LIBRARY
from processes import ROOT

HERE = Path(__file__).resolve().parent
C = "gcc -O2 -g -std=c99 -pedantic-errors -Wall -Wextra -Werror -D_POSIX_C_SOURCE=200809L".split()
SECONDS = 60


@pytest.fixture(scope="session")
def build(tmp_path_factory):
    """Builds a program of this folder, once; its path."""
    place = tmp_path_factory.mktemp("abuse")
    (place / "libgateway.so.0").symlink_to(LIBRARY.resolve())
    (place / "libgateway.so").symlink_to("libgateway.so.0")
    built = {}

    def build(name):
        if name not in built:
            built[name] = place / name
            subprocess.run(
                [*C, "-I", ROOT / "include", "-o", place / name, *HERE.glob(name + "*.c"),
                 "-L", place, "-lgateway", "-Wl,-rpath," + str(place), "-ldl", "-pthread"],
                check=True,
            )  # fmt: skip
        return built[name]

    return build


@pytest.fixture
def run(build):
    """Runs a program to its end, which has to be a good one; all that it says is the word."""

    def run(name, *arguments, wrapper=(), says="right\n"):
        done = subprocess.run(
            [str(word) for word in (*wrapper, build(name), *arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
        )
        assert (done.returncode, done.stdout) == (0, says)

    return run
