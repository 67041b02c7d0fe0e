# SPDX-License-Identifier: Apache-2.0
"""What other local users, and the clients of an application, can and cannot do with it."""

import os
import pwd
import subprocess

import pytest
from processes import Process
from supervised import PERL, SUPERVISOR

CONNECT = """
import socket, sys
with socket.socket(socket.AF_UNIX) as asked:
    asked.connect(sys.argv[1])
"""


def run_as(user, *words):
    entry = pwd.getpwnam(user)
    return subprocess.run(
        [str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=30, cwd="/", user=entry.pw_uid,
        group=entry.pw_gid, extra_groups=[],
    )  # fmt: skip


@pytest.fixture
def supervisor(start_supervisor, directory):
    started = start_supervisor("--processes", "1", "--client", "www-data", "--user", "www-data")
    started.wait_ready(1)
    # Where any user may run it.
    copy = directory / "gateway-supervisor"
    copy.write_bytes(SUPERVISOR.read_bytes())
    copy.chmod(0o755)
    for place in (started.base.parent, started.base):
        place.chmod(0o755)
    started.copy = copy
    return started


@pytest.mark.parametrize("name", ["0", "control"])
def test_strangers_do_not_connect(supervisor, name):
    path = supervisor.base / "wiki" / name
    assert oct((supervisor.base / "wiki").stat().st_mode & 0o777) == "0o711"
    assert oct(path.stat().st_mode & 0o777) == "0o600"
    refused = run_as("nobody", "/usr/bin/python3", "-c", CONNECT, path)
    assert refused.returncode != 0 and "PermissionError" in refused.stdout
    taken = run_as("www-data", "/usr/bin/python3", "-c", CONNECT, path)
    assert taken.returncode == 0, taken.stdout


@pytest.mark.parametrize("word", ["reload", "stop"])
def test_clients_look_and_change_nothing(supervisor, word):
    """They could be a web server that was broken into."""
    asked = [supervisor.copy, word, "--runtime-dir", supervisor.base, "wiki"]
    refused = run_as("www-data", *asked)
    assert refused.returncode == 1
    assert "that is for root and the supervisor's own user" in refused.stdout
    asked[1] = "status"
    assert run_as("www-data", *asked).returncode == 0
    assert supervisor.status()["generation"] == 1


def test_somebody_elses_directory_is_refused(start_supervisor, directory, start):
    """Nobody is led to put sockets where another one looks on."""
    base = directory / "1" / "run"
    (directory / "1").mkdir(mode=0o777, exist_ok=True)
    (base / "wiki").mkdir(parents=True)
    os.chown(base / "wiki", pwd.getpwnam("nobody").pw_uid, -1)
    words = [SUPERVISOR, "--name", "wiki", "--runtime-dir", base, "--", *PERL]
    ended = start(lambda place: Process(words, place / "log"))
    assert ended.popen.wait(10) == 1
    assert "is not a directory of ours alone" in ended.read_log()


def test_clients_replace_nothing(supervisor):
    """The directory is the supervisor's alone: no socket, lock or link of theirs is in it."""
    place = supervisor.base / "wiki"
    assert place.stat().st_uid == os.geteuid()
    for words in (["touch", place / "new"], ["rm", "-f", place / "0"],
                  ["mv", place / "control", place / "1"], ["ls", place]):  # fmt: skip
        refused = run_as("www-data", *words)
        assert refused.returncode != 0 and "Permission denied" in refused.stdout


def test_a_base_that_others_write_to_is_refused(directory, start):
    base = directory / "base"
    base.mkdir()
    base.chmod(0o777)
    words = [SUPERVISOR, "--name", "wiki", "--runtime-dir", base, "--", *PERL]
    ended = start(lambda place: Process(words, place / "log"))
    assert ended.popen.wait(10) == 1
    assert "is not a directory in which only its owner writes" in ended.read_log()
    assert not (base / "wiki").exists()


def test_nothing_is_left_in_shared_memory(start_host, named):
    """The scoreboard has no name: not while it is used, nor after SIGKILL."""
    before = set(os.listdir("/dev/shm"))
    host = start_host("processes=1", requests=1, query="&sleep=20000")
    named.wait_ready(1)
    assert set(os.listdir("/dev/shm")) == before
    host.popen.kill()
    host.popen.wait()
    assert set(os.listdir("/dev/shm")) == before
