# SPDX-License-Identifier: Apache-2.0
"""Processes that are killed, in turn: what was in flight there fails, and nothing else."""

import os
import signal
import socket
import time

import pytest
from processes import Process, wait_until
from supervised import PERL, SUPERVISOR, Host, Supervisor, is_there


def busy(named):
    return [each["pid"] for each in named.status()["processes"] if each["active"]]


def test_a_killed_process_fails_its_request(start_supervisor, start):
    supervisor = start_supervisor("--processes", "3")
    asks = {"command": None, "base": supervisor.base}
    host = start(Host, requests=1, query="&sleep=20000", print=True, **asks)
    wait_until(lambda: busy(supervisor), "the request")
    slow = busy(supervisor)[0]
    other = start(Host, threads=4, seconds=2, **asks)
    os.kill(slow, signal.SIGKILL)
    result = host.result()
    assert result["truncated"] == result["502"] == 1, result
    assert other.result()["failed"] == 0
    log = supervisor.read_log()
    assert "[%d]: ended by itself with signal 9 (Killed)" % slow in log


def test_processes_killed_under_load(start_host, named):
    host = start_host("processes=4", threads=16, seconds=4)
    killed = 0
    named.wait_ready(4)
    while host.popen.poll() is None and killed < 8:
        pids = named.pids("ready")
        if pids:
            os.kill(pids[0], signal.SIGKILL)
            killed += 1
        time.sleep(0.2)
    result = host.result()
    assert result["wrong"] == result["crowded"] == 0 and result["served"] > 100, result
    # Each of them had one request at most.
    assert result["failed"] <= killed and result.get("502", 0) == result["failed"], result


def test_exits_of_its_own(start_host):
    """As php-cgi after so many requests: what came meanwhile is served by the next process."""
    host = start_host("processes=2", threads=1, requests=20, query="&die=0")
    result = host.result()
    assert result["502"] == 20, result
    assert "exit status 0" in host.read_log()


def supervisor_of(named):
    return int(
        next(line for line in os.popen("pgrep -f 'gateway-supervisor run.*%s'" % named.base))
    )


def test_a_killed_supervisor(start_host, named):
    host = start_host("processes=3", threads=8, seconds=6)
    before = set(named.wait_ready(3))
    time.sleep(1.2)
    os.kill(supervisor_of(named), signal.SIGKILL)
    wait_until(lambda: not any(is_there(pid) for pid in before), "its processes to end")
    begin = time.monotonic()
    after = set(named.wait_ready(3))
    assert time.monotonic() - begin < 3 and not before & after
    result = host.result()
    assert result["wrong"] == 0 and result["failed"] <= 3 and result["served"] > 100, result
    assert "GW0010 the supervisor of wiki was started again" in host.read_log()


def test_a_supervisor_that_does_not_end(start_host, named, gate):
    """Closing the application kills it, and its processes with it."""
    host = start_host(
        "processes=1", "stop-timeout=100ms", requests=1, query="&" + gate.hold("it"),
        environment={"HOLD": gate.directory},
    )  # fmt: skip
    pids = [*named.wait_ready(1), supervisor_of(named)]
    os.kill(supervisor_of(named), signal.SIGSTOP)
    gate.let_go()
    assert host.result()["failed"] == 0
    wait_until(lambda: not any(is_there(pid) for pid in pids), "them to end")


def test_a_killed_host(start_host, named):
    host = start_host("processes=3", threads=4, seconds=60)
    pids = named.wait_ready(3)
    os.kill(host.pid, signal.SIGKILL)
    host.popen.wait()
    wait_until(lambda: not any(is_there(pid) for pid in pids), "the processes to end")
    wait_until(lambda: not host.session(), "the supervisor to end")


def test_claims_of_a_killed_host(start_supervisor, start):
    """Are taken back within a second after its parent has waited for it."""
    supervisor = start_supervisor("--processes", "1")
    holder = start(Host, supervisor.base, command=None, requests=1, query="&sleep=1500")
    wait_until(lambda: busy(supervisor), "the claim")
    os.kill(holder.pid, signal.SIGKILL)
    holder.popen.wait()
    begin = time.monotonic()
    wait_until(lambda: not busy(supervisor), "the claim to be taken back")
    assert time.monotonic() - begin < 1.3
    assert start(Host, supervisor.base, command=None, requests=3).result()["failed"] == 0


def test_immediate_exits_back_off(start_supervisor):
    supervisor = start_supervisor("--processes", "1", command=["sh", "-c", "echo no >&2; exit 7"],
                                  wait=False)  # fmt: skip
    time.sleep(3)
    log = supervisor.read_log()
    assert "did not start: it ended with exit status 7; it said: no" in log
    # After 0.1, 0.2, 0.4, 0.8 and 1.6 s.
    assert 3 <= log.count("did not start") <= 6


@pytest.mark.parametrize(
    "options, message",
    [
        (["--user", "nobody-knows"], 'there is no user "nobody-knows"'),
        (["--dir", "/nowhere"], "its directory cannot be entered: No such file"),
    ],
)
def test_what_cannot_be_had(start_supervisor, options, message):
    supervisor = start_supervisor(*options, wait=False)
    wait_until(lambda: message in supervisor.read_log(), message)


def test_a_command_that_is_not_there(start_supervisor):
    supervisor = start_supervisor(command=["/no/such/program"], wait=False)
    wait_until(
        lambda: "its command cannot be run: No such file" in supervisor.read_log(), "the reason"
    )


def test_one_supervisor_for_a_name(start_supervisor, start, directory):
    first = start_supervisor("--processes", "1")
    words = [SUPERVISOR, "--name", "wiki", "--runtime-dir", first.base, "--", *PERL]
    second = start(logged, words)
    assert second.popen.wait(10) == 1
    assert "the application is supervised already" in second.read_log()
    assert first.pids("ready")


def logged(place, words):
    """Process takes its log's name; `start` gives a directory."""
    return Process(words, place / "log")


def test_left_over_sockets(start_supervisor, start, directory):
    """Those of a supervisor that was killed are replaced."""
    first = start_supervisor("--processes", "2")
    pids = first.wait_ready(2)
    first.popen.kill()
    wait_until(lambda: not any(is_there(pid) for pid in pids), "its processes to end")
    assert (first.base / "wiki" / "0").is_socket()
    second = start(lambda place, *words: Supervisor(first.base.parent, *words), "--processes", "2")
    assert start(Host, second.base, command=None, requests=5).result()["failed"] == 0


def test_somebody_elses_socket(directory, start):
    path = directory / "socket"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        words = [SUPERVISOR, "--name", "wiki", "--runtime-dir", directory / "run", "--listen",
                 "unix:%s" % path, "--", *PERL]  # fmt: skip
        ended = start(logged, words)
        assert ended.popen.wait(10) == 1
        assert "somebody listens there" in ended.read_log()
    assert path.is_socket()


def test_a_process_has_three_descriptors(start_host, named):
    """Not the scoreboard, nor anything else of the supervisor's or the host's."""
    start_host("processes=1", requests=1, query="&sleep=1500")
    pid = named.wait_ready(1)[0]
    assert sorted(os.listdir("/proc/%d/fd" % pid)) in (["0", "1", "2"], ["0", "1", "2", "3"])
    links = {os.readlink("/proc/%d/fd/%s" % (pid, each)) for each in "12"}
    assert len(links) == 1 and links.pop().startswith("pipe:")
