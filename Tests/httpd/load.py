# SPDX-License-Identifier: Apache-2.0
"""A load of GETs from many clients at once: never retries, compares every body."""

import threading
from collections import Counter
from itertools import count

from behaviours import body_for
from client import Client


def run_gets(port, total, clients=64):
    """Sends GETs numbered from 0, each on a connection of its own: httpd may close a kept one.

    Answers a Counter of what came: "ok", or what was wrong, such as "status 503" or "no response".
    """
    numbers, tallies, threads = count(), [], []

    def run(tally):
        while (number := next(numbers)) < total:
            target = "/?n=%d" % number
            with Client(port) as client:
                response = client.request("GET", target, [("Connection", "close")])
            tally[judge(response, number)] += 1

    for _ in range(clients):
        tally = Counter()
        tallies.append(tally)
        threads.append(threading.Thread(target=run, args=(tally,)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(tallies, Counter())


def judge(response, number):
    if response is None:
        return "no response"
    if response.status != 200:
        return "status %d" % response.status
    if response.whole is not True:
        return "not whole"
    if response.body != body_for(b"n=%d" % number):
        return "wrong body"
    return "ok"
