# SPDX-License-Identifier: Apache-2.0
"""What mod_proxy_fcgi and mod_gateway do about the same weakness, side by side."""

from client import Client
from httpd import OURS, STOCK

MODULES = {"stock": STOCK, "ours": OURS}


class Weaknesses:
    """The table of what was seen; a session has one, which ends its report."""

    def __init__(self):
        self.seen = {}

    def note(self, weakness, module, seen):
        self.seen.setdefault(weakness, {})[module] = seen

    def lines(self):
        if not self.seen:
            return
        rows = [("weakness", "mod_proxy_fcgi", "mod_gateway")]
        for weakness, by in self.seen.items():
            rows.append((weakness, by.get("stock", "-"), by.get("ours", "-")))
        widths = [max(len(row[column]) for row in rows) + 2 for column in range(2)]
        for what, stock, ours in rows:
            yield what.ljust(widths[0]) + stock.ljust(widths[1]) + ours


def describe(response, body):
    """What a client sees, in a word or two: body is what it should get."""
    if response is None:
        return "no answer"
    if response.status != 200:
        return str(response.status)
    if response.whole is False:
        return "200, visibly cut"
    if response.body == body:
        return "200, right"
    return "200, wrong body" if response.body else "200, empty"


# How long a client waits for what may never come. Ours answers long before.
PATIENCE = 3


def see(port, body, target="/", method="GET", fields=(), content=b""):
    """What a client sees of one request on a connection of its own."""
    with Client(port, PATIENCE) as client:
        try:
            return describe(client.request(method, target, fields, content), body)
        except TimeoutError:
            return "no end"
        except ValueError:
            # Another answer began within this one.
            return "200, garbled"


def tally(descriptions):
    """Of many: how many of each, the most frequent first."""
    counts = {}
    for each in descriptions:
        counts[each] = counts.get(each, 0) + 1
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join("%d x %s" % (count, each) for each, count in ordered)
