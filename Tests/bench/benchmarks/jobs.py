# SPDX-License-Identifier: Apache-2.0
"""Clients that ask without a pause, each for one thing, and judge what they get."""

import threading
import time
from collections import Counter
from dataclasses import dataclass
from itertools import count
from typing import Callable

from behaviours import body_for
from client import Client, get, post
from load import judge

from .bodies import MEBIBYTE

# What nothing that happens to a process can excuse.
NEVER = {"ok", "wrong body"}
CLOSE = [("Connection", "close")]


@dataclass
class Job:
    """What is asked of a server, and what must come of it."""

    server: str
    path: str
    ask: Callable  # port, path, number: a verdict
    clients: int = 1
    fails: bool = False  # the application breaks each answer: none may pass for a good one

    @property
    def name(self):
        return f"{self.server} {self.path}"


class Excuses:
    """What was done to a server, and when: a request that ran meanwhile may have failed by it."""

    def __init__(self):
        self.done = []
        self.counts = Counter()

    def add(self, what, scope):
        self.counts[what] += 1
        self.done.append((time.monotonic(), scope))

    def cover(self, name, begun, ended):
        # A connection that was made to what is gone is found out a little later.
        return any(name.startswith(scope) and begun - 0.5 <= at <= ended
                   for at, scope in self.done[-100:])


class Clients:
    """Threads for jobs at the ports of servers; `wrong` counts what nothing excuses."""

    def __init__(self, jobs, ports, excuses):
        self.ports, self.excuses = ports, excuses
        self.is_over, self.lock = threading.Event(), threading.Lock()
        self.numbers = count()
        self.right, self.broken, self.excused, self.wrong = (Counter() for _ in range(4))
        self.threads = [threading.Thread(target=self._run, args=(job,), daemon=True)
                        for job in jobs for _ in range(job.clients)]
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.is_over.set()
        for thread in self.threads:
            thread.join(60)
        if stuck := sum(each.is_alive() for each in self.threads):
            self.wrong["clients that never ended"] = stuck

    def _run(self, job):
        while not self.is_over.is_set():
            begun = time.monotonic()
            try:
                verdict = job.ask(self.ports[job.server], job.path, next(self.numbers))
            except OSError as error:
                verdict = str(error)
            self._count(job, verdict, begun)

    def _count(self, job, verdict, begun):
        if job.fails:
            tally = self.wrong if verdict in NEVER else self.broken
        elif verdict == "ok":
            tally = self.right
        elif verdict in NEVER or not self.excuses.cover(job.name, begun, time.monotonic()):
            tally = self.wrong
        else:
            tally = self.excused
        with self.lock:
            tally[f"{job.name}: {verdict}"] += 1


# ------------------------------------------------------------------------------- what is asked


def named(port, path, number):
    """The answer names the request."""
    return judge(get(port, f"{path}?n={number}", CLOSE), body_for(b"n=%d" % number))


def php(port, path, number):
    return judge(get(port, f"{path}?n={number}", CLOSE), b"n=%d" % number)


def supervised(port, path, number):
    """count.pl's "PID SERVED CROWDED QUERY"."""
    response = get(port, f"{path}?n={number}", CLOSE)
    verdict = judge(response, None)
    if verdict == "ok" and not response.body.endswith(b" n=%d\n" % number):
        return "wrong body"
    return verdict


def size_of(number):
    """All sizes of bodies up to MEBIBYTE's, in no order."""
    return 1 + number * 7919 % len(MEBIBYTE)


def down(port, path, number):
    size = size_of(number)
    return judge(get(port, f"{path}?down={size}", CLOSE), MEBIBYTE[:size])


def up(port, path, number):
    size = size_of(number)
    return judge(post(port, f"{path}?up", MEBIBYTE[:size], CLOSE), b"%d" % size)


def leave(port, path, number):
    """Goes away in the middle of a download, or of an upload."""
    with Client(port) as connection:
        if number % 2:
            connection.send("GET", f"{path}?down=1048576")
            connection.socket.recv(10_000)
        else:
            connection.send("POST", f"{path}?up", [("Content-Length", "1048576")])
            connection.socket.sendall(MEBIBYTE[:100_000])
    time.sleep(0.05)
    return "ok"
