# SPDX-License-Identifier: Apache-2.0
"""Limits: each replaces or ends a process, between two requests, and says why."""

import time

from processes import wait_until
from supervised import Host


def log_tells(process, text):
    wait_until(lambda: text in process.read_log(), text)


def test_requests(start_host):
    host = start_host("processes=2", "max-requests=5", threads=4, requests=200)
    result = host.result()
    assert result["failed"] == 0 and result["most_served"] == 5, result
    assert "is told to end: 5 exchanges" in host.read_log()


def test_memory(start_host):
    host = start_host(
        "processes=2", "max-memory=20M", "memory=resident", threads=2, seconds=3,
        query="&leak=1024", pause=20,
    )  # fmt: skip
    result = host.result()
    assert result["failed"] == 0 and result["served"] > result["most_served"], result
    assert "KiB of memory (resident)" in host.read_log()


def test_lifetime(start_supervisor):
    supervisor = start_supervisor("--processes", "2", "--lifetime", "500ms")
    first = set(supervisor.wait_ready(2))
    wait_until(lambda: not first & set(supervisor.pids()), "others")
    log_tells(supervisor, "it lived long enough")


def test_grows_and_shrinks(start_host, named):
    host = start_host("processes=1-4", threads=8, seconds=3, query="&sleep=30")
    named.wait_ready(4)
    assert host.result()["failed"] == 0


def test_idle_processes_end(start_supervisor, start, directory):
    supervisor = start_supervisor("--processes", "1-3", "--idle-timeout", "300ms")
    host = start(Host, supervisor.base, command=None, threads=8, requests=200, query="&sleep=20")
    supervisor.wait_ready(3)
    assert host.result()["failed"] == 0
    supervisor.wait_ready(1)
    log_tells(supervisor, "it was idle for too long")


def test_a_request_that_takes_too_long(start_supervisor, start):
    """Ends its process and nothing else."""
    supervisor = start_supervisor("--processes", "3", "--request-timeout", "500ms")
    before = set(supervisor.wait_ready(3))
    host = start(Host, supervisor.base, command=None, requests=1, query="&sleep=30000", print=True)
    other = start(Host, supervisor.base, command=None, threads=2, seconds=2)
    result = host.result()
    assert result["timed-out"] == result["504"] == 1 and result["max_us"] < 5_000_000, result
    assert "[unix:" in host.lines[0] and "took too long" in host.lines[0]
    assert other.result()["failed"] == 0
    log_tells(supervisor, "has run GET /application for more than 500 ms: ended")
    wait_until(lambda: len(before & set(supervisor.pids("ready"))) == 2, "the other two")


def test_the_queue_is_bounded(start_supervisor, start):
    supervisor = start_supervisor("--processes", "1", "--queue", "2")
    host = start(Host, supervisor.base, command=None, threads=8, requests=8, query="&sleep=300")
    result = host.result()
    assert result["served"] == 3 and result["overloaded"] == result["503"] == 5, result


def test_a_wait_is_bounded(start_supervisor, start):
    supervisor = start_supervisor("--processes", "1", "--queue-timeout", "300ms")
    host = start(Host, supervisor.base, command=None, threads=2, requests=2, query="&sleep=1500")
    begin = time.monotonic()
    result = host.result()
    assert result["served"] == result["overloaded"] == 1 and time.monotonic() - begin < 15, result


def test_a_slow_start_is_bounded(start_supervisor):
    supervisor = start_supervisor(
        "--processes", "1", "--start-timeout", "200ms", "--env", "START_TIME=60", wait=False
    )
    log_tells(supervisor, "did not start: it was not ready in 200 ms")
