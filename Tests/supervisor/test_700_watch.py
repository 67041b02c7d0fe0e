# SPDX-License-Identifier: Apache-2.0
"""gateway-supervisor status --watch, into a pipe and on a terminal."""

import json
import os
import pty
import select
import signal
import subprocess

import pytest
from supervised import SUPERVISOR

PATIENCE = 20


@pytest.fixture
def watch():
    """Starts it on an output; ends it if the test has not."""
    started = []

    def watch(supervisor, *options, output=subprocess.PIPE):
        command = [SUPERVISOR, "status", "--watch", "--runtime-dir", supervisor.base, *options]
        started.append(
            subprocess.Popen([*map(str, command), "wiki"], stdin=subprocess.DEVNULL, stdout=output,
                             stderr=subprocess.PIPE, text=True)
        )  # fmt: skip
        return started[-1]

    yield watch
    for process in started:
        process.kill()
        process.communicate()


def test_it_goes_on_until_the_supervisor_ends(start_supervisor, watch):
    supervisor = start_supervisor("--processes", "2")
    watching = watch(supervisor)
    lines = [watching.stdout.readline() for _ in range(8)]
    heads = [line for line in lines if "generation" in line]
    assert len(heads) == 2 and heads[0].startswith("wiki: generation 1, ")
    supervisor.popen.send_signal(signal.SIGTERM)
    rest, error = watching.communicate(timeout=PATIENCE)
    assert watching.returncode == 1 and "does not answer" in error
    assert "\x1b" not in rest


def test_as_json_it_is_a_line_each_time(start_supervisor, watch):
    watching = watch(start_supervisor("--processes", "1"), "--json")
    for _ in range(2):
        assert json.loads(watching.stdout.readline())["name"] == "wiki"
    watching.send_signal(signal.SIGINT)
    assert watching.wait(PATIENCE) == -signal.SIGINT


def test_a_terminal_is_cleared_each_time(start_supervisor, watch):
    leader, follower = pty.openpty()
    watch(start_supervisor("--processes", "1"), output=follower)
    os.close(follower)
    seen = b""
    while seen.count(b"\x1b[H\x1b[2Jwiki: ") < 2:
        assert select.select([leader], [], [], PATIENCE)[0], seen
        seen += os.read(leader, 4096)
    os.close(leader)


def test_the_interval_has_to_be_one():
    command = [SUPERVISOR, "status", "--watch", "--interval", "0", "wiki"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 64 and "--interval is from 1 to 86400" in done.stderr
