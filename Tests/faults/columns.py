# SPDX-License-Identifier: Apache-2.0
"""The ways to ask the application: the library's two drivers, httpd with our module, and stock."""

import time
from collections import namedtuple
from contextlib import contextmanager

from client import Client
from gateway import DRIVERS, HEAD_SENT, KEEP_CONNECTIONS, Backend, Request
from httpd import HTTPD, ONE_PROCESS, OURS, STOCK, url_of

# What a client sees. outcome: the library's word, or that in the access log. cut: an answer began
# and its end is visibly missing.
Seen = namedtuple("Seen", "outcome status body cut")

# Longer than any answer takes. Stock may never answer: on a hasty road it gets twice its time.
PATIENCE, STOCK_PATIENCE, STOCK_HASTY_PATIENCE = 15, 0.7, 2


class Driver:
    """The library, by one of its drivers, on connections that it keeps."""

    is_server = is_stock = False

    def __init__(self, name, roads):
        self.name, self.roads = name, roads
        self.run = DRIVERS[name]

    @contextmanager
    def visit(self, road):
        names = ("connect_timeout_ms", "send_timeout_ms", "head_timeout_ms", "read_timeout_ms")
        timeouts = dict.fromkeys(names, 250 if "hasty" in road else 10_000)
        with Backend(self.roads[road], flags=KEEP_CONNECTIONS, **timeouts) as backend:
            yield lambda query, method="GET", body=b"": self.ask(backend, query, method, body)

    def ask(self, backend, query, method, body):
        params = [(b"REQUEST_METHOD", method.encode()), (b"QUERY_STRING", query.encode()),
                  (b"CONTENT_LENGTH", b"%d" % len(body))]  # fmt: skip
        with Request(backend, params, body) as request:
            answer = self.run(backend, request)
        cut = answer.outcome != "complete" and bool(answer.flags & HEAD_SENT)
        return Seen(answer.outcome, answer.status, answer.body, cut)


LINES = """
LimitRequestFields 0
LimitRequestLine 2000000
LimitRequestFieldSize 2000000
LogFormat "%q %{gateway-outcome}n" outcome
CustomLog outcomes outcome
"""
PREFORK = "ServerLimit 1\nStartServers 1\nMaxRequestWorkers 1\nMinSpareServers 1\n"


class Server:
    """A private httpd, with one process, so that it finds the connection that it has kept."""

    is_server = True

    def __init__(self, name, directory, mpm, roads, module=OURS):
        self.name, self.is_stock = name, module == STOCK
        lines = LINES if self.is_stock else LINES + "GatewayCancelOnDisconnect On\n"
        for road, address in roads.items():
            times = "timeout=1" if "hasty" in road else "timeout=20"
            parameters = "enablereuse=on retry=0 connectiontimeout=1 " + times
            # A name of its own, since workers of one name share their parameters.
            lines += 'ProxyPass "/%s/" "%s" %s\n' % (road, url_of(address, road), parameters)
        sizes = PREFORK if mpm == "prefork" else ONE_PROCESS
        directory.mkdir()
        directory.chmod(0o777)
        self.outcomes = directory / "outcomes"
        self.httpd = HTTPD(directory, mpm, lines, module, sizes=sizes)
        self.port = self.httpd.port

    def stop(self):
        self.httpd.stop()

    @contextmanager
    def visit(self, road):
        yield lambda query, method="GET", body=b"": self.ask(road, query, method, body)

    def ask(self, road, query, method, body):
        with Client(self.port, self.patience(road)) as client:
            response = client.request(method, "/%s/?%s" % (road, query), body=body)
        if response is None:
            return Seen(self.outcome(query), None, b"", True)
        cut = response.whole is False
        return Seen(self.outcome(query), response.status, response.body, cut)

    def patience(self, road):
        if self.is_stock:
            return STOCK_HASTY_PATIENCE if "hasty" in road else STOCK_PATIENCE
        return PATIENCE

    def outcome(self, query):
        """From the access log, which has a line as soon as the request has ended."""
        if self.is_stock:
            return "-"
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for line in self.outcomes.read_text().splitlines():
                asked, _, outcome = line.rpartition(" ")
                if asked == "?" + query:
                    return outcome
            time.sleep(0.002)
        return "not logged"


def start(directory, roads):
    """All of them; the servers have to be stopped."""
    servers = [Server(mpm, directory / mpm, mpm, roads) for mpm in ("prefork", "worker", "event")]
    servers.append(Server("stock", directory / "stock", "event", roads, STOCK))
    return [Driver(name, roads) for name in DRIVERS] + servers
