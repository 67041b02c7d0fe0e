# SPDX-License-Identifier: Apache-2.0
"""gateway-supervisor --listen: behind nginx, whose connections nobody claims a process for."""

import os
import signal
import time

import pytest
from long_form import IS_LONG
from nginx import Nginx
from processes import free_port, wait_until
from supervised import CountingLoad, Supervisor, is_there

RELOADS = 8 if IS_LONG else 2


@pytest.fixture(params=["unix", "tcp"])
def listening(request, directory, start_supervisor):
    """A supervisor behind a shared socket, and nginx in front of it."""

    def listening(*options, **more):
        path = "unix:%s/socket" % directory
        address = path if request.param == "unix" else "tcp:127.0.0.1:%d" % free_port()
        supervisor = start_supervisor("--listen", address, "--client", "www-data", *options, **more)
        return supervisor, start(Nginx, address)

    start = request.getfixturevalue("start")
    return listening


@pytest.mark.parametrize(
    "listening, made_with",
    [
        ("unix", "perl"), ("unix", "php-cgi"), ("unix", "flipflop"), ("unix", "asyncio"),
        ("tcp", "perl"), ("tcp", "libfcgi"), ("tcp", "flup"),
    ],
    indirect=["listening"],
)  # fmt: skip
def test_reloads_under_load(listening, commands, made_with):
    """More clients than processes: none of these is ever found at rest by looking."""
    options = ["--env", "CONCURRENCY=100"] if made_with == "flup" else []
    supervisor, nginx = listening("--processes", "4", *options, command=commands[made_with])
    supervisor.wait_ready(4)
    load = CountingLoad(nginx.port, "/?n=%d", clients=16)
    for _ in range(RELOADS):
        answer = supervisor.ask("reload")
        assert answer.returncode == 0, answer.stdout
    tally = load.stop()
    assert set(tally) == {"ok"} and tally["ok"] > 100, tally
    log = supervisor.read_log()
    assert "in use" not in log and "ptrace" not in log


def test_many_replaced_under_load(listening):
    """Memory reached by all at once, and reloads: they leave though they never rest."""
    supervisor, nginx = listening("--processes", "2-8", "--max-memory", "20M")
    supervisor.wait_ready(2)
    load = CountingLoad(nginx.port, "/?n=%d&leak=200", clients=32)
    for _ in range(RELOADS):
        answer = supervisor.ask("reload")
        assert answer.returncode == 0, answer.stdout
        assert len(supervisor.pids()) <= 10
    tally = load.stop()
    assert set(tally) == {"ok"} and tally["ok"] > 100, tally
    assert "KiB of memory (proportional)" in supervisor.read_log()


@pytest.mark.parametrize("made_with", ["flup", "asyncio"])
def test_what_a_process_runs_at_once_is_finished(listening, commands, made_with):
    """One that leaves accepts nothing more, while its other threads or tasks are at work."""
    options = ["--env", "CONCURRENCY=100"] if made_with == "flup" else []
    supervisor, nginx = listening("--processes", "1", *options, command=commands[made_with])
    old = supervisor.wait_ready(1)[0]
    slow = CountingLoad(nginx.port, "/?n=%d&sleep=1500", clients=4, total=4)
    time.sleep(0.3)
    load = CountingLoad(nginx.port, "/?n=%d", clients=4)
    assert supervisor.ask("reload").returncode == 0
    assert old not in supervisor.pids("ready")
    assert set(slow.wait()) == {"ok"}
    tally = load.stop()
    assert set(tally) == {"ok"} and tally["ok"] > 100, tally
    wait_until(lambda: not is_there(old), "its end")


def test_where_processes_may_not_be_followed(listening, public):
    """As in a container: they are told to end nevertheless, and the log says what is missing."""
    supervisor, nginx = listening(
        "--processes", "2", "--user", "www-data", command=["perl", public / "count.pl"],
        under=["setpriv", "--bounding-set", "-sys_ptrace"],
    )  # fmt: skip
    old = supervisor.wait_ready(2)
    answer = supervisor.ask("reload")
    assert answer.returncode == 0, answer.stdout
    assert not set(old) & set(supervisor.pids("ready"))
    assert "is told to end, at work or not: ptrace(2) may not be used" in supervisor.read_log()
    load = CountingLoad(nginx.port, "/?n=%d", clients=2, total=10)
    assert set(load.wait()) == {"ok"}


def test_a_process_at_work_is_left_to_finish(listening):
    supervisor, nginx = listening("--processes", "4")
    supervisor.wait_ready(4)
    slow = CountingLoad(nginx.port, "/?n=%d&sleep=1500", clients=1, total=1)
    time.sleep(0.3)
    before = set(supervisor.pids())
    assert supervisor.ask("reload").returncode == 0
    assert not before & set(supervisor.pids("ready"))
    assert set(slow.wait()) == {"ok"}


def test_memory_is_limited(listening):
    supervisor, nginx = listening("--processes", "2", "--max-memory", "20M")
    first = set(supervisor.wait_ready(2))
    load = CountingLoad(nginx.port, "/?n=%d&leak=1024", clients=4, total=100)
    assert set(load.wait()) == {"ok"}
    wait_until(lambda: not first <= set(supervisor.pids()), "one to be replaced")
    assert "KiB of memory (proportional)" in supervisor.read_log()


def test_a_killed_process_is_replaced(listening):
    supervisor, nginx = listening("--processes", "2")
    killed = supervisor.wait_ready(2)[0]
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: not is_there(killed), "its end")
    supervisor.wait_ready(2)
    load = CountingLoad(nginx.port, "/?n=%d", clients=4, total=50)
    assert set(load.wait()) == {"ok"}


def test_a_left_over_socket_is_replaced(directory, start_supervisor, start):
    address = "unix:%s/socket" % directory
    first = start_supervisor("--listen", address)
    pids = first.pids()
    first.popen.kill()
    wait_until(lambda: not any(is_there(pid) for pid in pids), "its processes to end")
    again = start(
        lambda place, *words: Supervisor(first.base.parent, *words), "--listen", address,
        "--client", "www-data",
    )  # fmt: skip
    nginx = start(Nginx, address)
    load = CountingLoad(nginx.port, "/?n=%d", clients=2, total=10)
    assert set(load.wait()) == {"ok"} and again.pids()


def test_hosts_do_not_attach(listening, start):
    from supervised import Host

    supervisor, _ = listening()
    host = start(Host, supervisor.base, command=None, requests=1)
    assert host.popen.wait(20) == 2
    assert "its processes share a socket that others connect to" in host.read_log()
