# SPDX-License-Identifier: Apache-2.0
"""A load of GETs from many clients at once: never retries, compares every body."""

import threading
import time
from collections import Counter
from itertools import count

from behaviours import body_for
from client import Client


class Load:
    """Clients that send GETs until they are told to stop, each on a connection of its own: httpd
    may close a kept one.

    The tally is a Counter of what came: "ok", or what was wrong, such as "status 503"; times has
    the milliseconds that each took.
    """

    def __init__(self, port, target="/?n=%d", right=lambda n: body_for(b"n=%d" % n), clients=64,
                 total=None):  # fmt: skip
        self.port, self.target, self.right, self.total = port, target, right, total
        self.numbers, self.is_over = count(), threading.Event()
        self.tallies = [Counter() for _ in range(clients)]
        self.times = []
        # A test that fails before it has stopped them does not wait for them for ever.
        self.threads = [
            threading.Thread(target=self._run, args=(t,), daemon=True) for t in self.tallies
        ]
        for thread in self.threads:
            thread.start()

    @property
    def tally(self):
        return sum(self.tallies, Counter())

    def stop(self):
        self.is_over.set()
        return self.wait()

    def wait(self):
        for thread in self.threads:
            thread.join()
        return self.tally

    def _run(self, tally):
        while not self.is_over.is_set():
            number = next(self.numbers)
            if self.total is not None and number >= self.total:
                return
            begun = time.monotonic()
            tally[self._ask(number)] += 1
            self.times.append((time.monotonic() - begun) * 1000)

    def _ask(self, number):
        target = self.target % number if "%d" in self.target else self.target
        try:
            with Client(self.port) as client:
                response = client.request("GET", target, [("Connection", "close")])
        except OSError as error:
            return str(error)
        return self._judge(response, self.right(number))

    def _judge(self, response, right):
        return judge(response, right)


def run_gets(port, total, clients=64):
    """Sends GETs numbered from 0 and answers the tally."""
    return Load(port, clients=clients, total=total).wait()


def judge(response, right):
    """What is wrong with a response, or "ok"; right is its body, or None where any will do."""
    if response is None:
        return "no response"
    if response.status != 200:
        return "status %d" % response.status
    if response.whole is not True:
        return "not whole"
    if right is not None and response.body != right:
        return "wrong body"
    return "ok"
