# SPDX-License-Identifier: Apache-2.0
"""Clients that hang up before an answer or within it leave no thread of flup's behind.

flup has a thread for each connection and, multiplexing, one more for each request, which stays for
good where the connection goes away while it writes. So the gateway receives what is left of an
answer that nobody wants, within its bounds, before it closes.
"""

import itertools
import socket
import sys
import threading
import time
from pathlib import Path

import applications
import client
import pytest
from long_form import IS_LONG
from through_httpd import get, served

sys.path.append(str(applications.ROOT / "Tests" / "faults"))

import gateway  # noqa: E402

HANG_UPS = 1000 if IS_LONG else 40
AT_ONCE = 4
# Few, so that no idle thread of flup's takes the place of one that is left behind.
CONCURRENCY = 8
# Seconds for reading on: more than the default, since flup on a busy machine is slow. The largest
# answer is within the default of bytes.
DRAIN = 30
SECONDS_TO_SETTLE = DRAIN + 5
SIZES = (10_000, 200_000, 1_000_000, 10_000, 8_000_000)
LARGEST = 50_000_000


def stages():
    """Where each client hangs up: the query, and how much of the answer it waits for."""
    for number in range(HANG_UPS):
        size = LARGEST if number % 20 == 7 else SIZES[number % len(SIZES)]
        query = "case=down&size=%d&length=%d" % (size, number % 2)
        yield [("case=sleep&ms=20", 0), (query, 0), (query, 1), (query, size // 2)][number % 4]


def at_a_time(calls):
    """Makes the calls, some at once; what one raises is raised here."""
    left, faults = iter(list(calls)), []

    def work():
        while call := next(left, None):
            try:
                call()
            except Exception as fault:
                faults.append(fault)

    workers = [threading.Thread(target=work) for _ in range(AT_ONCE)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert faults == []


class ThroughHTTPD:
    def __init__(self, port):
        self.port = port

    def complete(self):
        assert get(self.port, "/x?case=down&size=200000&length=0").whole

    def hang_up(self, query, wanted):
        with socket.create_connection(("127.0.0.1", self.port), 20) as leaving:
            leaving.sendall(b"GET /x?%s HTTP/1.1\r\nHost: localhost\r\n\r\n" % query.encode())
            while wanted > 0:
                piece = leaving.recv(65536)
                assert piece
                wanted -= len(piece)

    def maintain(self):
        """Its children do so by themselves."""


class ThroughLibrary:
    def __init__(self, backend, running):
        self.backend, self.running = backend, running

    def _run(self, query, stop_at=None):
        with gateway.Request(self.backend, client.params(self.running, query)) as request:
            return gateway.run_nonblocking(self.backend, request, stop_at).outcome

    def complete(self):
        assert self._run("case=down&size=200000&length=0") == "complete"

    def hang_up(self, query, wanted):
        stop_at = "wait" if wanted == 0 else gateway.HEAD if wanted == 1 else gateway.BODY
        assert self._run(query, stop_at) == "cancelled"

    def maintain(self):
        self.backend.maintain()


def open_way(way, running, keeps):
    """A context with the way to the application, which is opened in it.

    What is kept holds a thread of flup's, so it is kept for a second.
    """
    if way == "httpd":
        parameters = "enablereuse=on ttl=1" if keeps else ""
        return served(running, parameters=parameters, more="GatewayDrain %d\n" % DRAIN)
    return gateway.Backend(running.address, flags=1 if keeps else 0, idle_timeout_ms=1000,
                           drain_timeout_ms=DRAIN * 1000)  # fmt: skip


def client_of(way, opened, running):
    return ThroughHTTPD(opened.port) if way == "httpd" else ThroughLibrary(opened, running)


def threads(running):
    lines = Path("/proc/%d/status" % running.pid).read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Threads:"))


def settled(running, host, most=0):
    """The threads once they are so many or fewer, or do not change any more."""
    began = changed = time.monotonic()
    seen = threads(running)
    while seen > most and time.monotonic() - began < SECONDS_TO_SETTLE:
        host.maintain()
        time.sleep(0.002)
        now = threads(running)
        if now != seen:
            seen, changed = now, time.monotonic()
        if most == 0 and time.monotonic() - changed > 0.5:
            break
    return seen


@pytest.mark.parametrize("keeps", [False, True], ids=["close", "keep"])
@pytest.mark.parametrize("way", ["httpd", "library"])
@pytest.mark.parametrize("name", ["flup", "flup-multiplexed"])
def test_no_thread_is_left_behind(name, way, keeps):
    with applications.start(name, "unix", CONCURRENCY) as running:
        with open_way(way, running, keeps) as opened:
            host = client_of(way, opened, running)
            at_a_time(itertools.repeat(host.complete, 16))
            base = settled(running, host)
            at_a_time([lambda stage=stage: host.hang_up(*stage) for stage in stages()])
            assert settled(running, host, base) <= base
            host.complete()
