# SPDX-License-Identifier: Apache-2.0
"""The rows of differences.md: when a difference is the one that a row speaks of.

The table says which fields a row may concern; the function here, by the row's id, says of one
difference (its path, the stock value, ours, and both whole observations) whether it is that row's.
"""

import re
from fnmatch import fnmatchcase
from pathlib import Path

TABLE = Path(__file__).parent / "differences.md"
README = Path(__file__).parents[2] / "module" / "README.md"
MATCHERS = {}


def row(name):
    def add(function):
        MATCHERS[name] = function
        return function

    return add


class Difference:
    """One path at which the sides differ, with what else they showed."""

    def __init__(self, case, path, stock, ours, seen_stock, seen_ours):
        self.case, self.path, self.stock, self.ours = case, path, stock, ours
        self.seen_stock, self.seen_ours = seen_stock, seen_ours

    def codes(self):
        """The statuses of the response that the difference is about, or of the first one."""
        parts = self.path.split(".")
        number = parts[1] if len(parts) > 1 and parts[1].isdigit() else "0"
        both = (seen.get("client.%s.status" % number, "nothing")
                for seen in (self.seen_stock, self.seen_ours))  # fmt: skip
        return tuple(int(text.split(" ")[1]) if " " in text else 0 for text in both)

    def both(self, path):
        """Both values, stock's first, of any field."""
        return self.seen_stock.get(path), self.seen_ours.get(path)

    def beside(self, name):
        """Both values, stock's first, of another field of the same response or exchange."""
        path = ".".join(self.path.split(".")[:2]) + "." + name
        return self.seen_stock.get(path), self.seen_ours.get(path)


def read_table():
    """The rows: id to the patterns of their fields; raises ValueError for what is not right."""
    rows = {}
    for line in TABLE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if not line.startswith("| `"):
            continue
        if len(cells) != 5 or not all(cells):
            raise ValueError("a row needs five cells: %s" % line)
        name, fields, _, _, source = cells
        if not re.search(r"RFC \d+|FastCGI|README", source):
            raise ValueError("%s: its source is neither RFC, FastCGI nor README" % name)
        rows[name.strip("`")] = re.findall(r"`([^`]+)`", fields)
    if rows.keys() != MATCHERS.keys():
        only = sorted(rows.keys() ^ MATCHERS.keys())
        raise ValueError("only one of the table and the matchers has the rows %s" % only)
    return rows


def explain(table, difference):
    """The rows that a difference is of."""
    return [
        name for name, patterns in table.items()
        if any(fnmatchcase(difference.path, pattern) for pattern in patterns)
        and MATCHERS[name](difference)
    ]  # fmt: skip


@row("length-of-a-whole-answer")
def _(d):
    framing, length = d.beside("framing"), d.seen_ours.get(d.path[:9] + "fields.content-length")
    stock, ours = d.beside("body")
    if framing[0] not in ("chunked", "close") or framing[1] != "length" or stock != ours:
        return False
    size = int(ours.split(" ")[0]) if isinstance(ours, str) else len(ours)
    return length == (str(size),) and d.beside("whole")[1] is True


@row("length-of-a-chunked-upload")
def _(d):
    length = d.beside("params.CONTENT_LENGTH")
    coding = d.beside("params.HTTP_TRANSFER_ENCODING")
    size = d.beside("input bytes")
    return (
        length == (None, (b"%d" % size[1],)) and coding == ((b"chunked",), None)
        and size[0] == size[1]
    )  # fmt: skip


@row("broken-answer-is-502")
def _(d):
    return d.codes() == (503, 502) and d.both("errors.AH01075") == (("error",),) * 2


@row("broken-head-request-is-502")
def _(d):
    return (
        d.codes() in ((200, 502), (200, 200)) and d.both("client.0.framing") == ("none", "none")
        and d.both("errors.AH01075") == (("error",),) * 2
    )  # fmt: skip


@row("broken-body-shows")
def _(d):
    whole = d.both("client.0.whole")
    return d.codes() == (200, 200) and whole == (False, False) and d.both("client.patience")[0]


@row("no-answer-is-502")
def _(d):
    stock = d.beside("fields.content-type") if d.path.startswith("client.0.") else (None, None)
    return d.codes() == (200, 502) and stock[0] is None


@row("malformed-head-is-502")
def _(d):
    return d.codes() == (500, 502) and "errors.AH01070" in d.seen_stock


@row("interim-status-is-not-final")
def _(d):
    stock = int(d.seen_stock.get("access.0.s", 0))
    return 100 <= stock < 200 and stock != 101 and d.codes()[1] == 502


@row("status-101")
def _(d):
    return d.codes() == (101, 502)


@row("status-out-of-range")
def _(d):
    stock, ours = d.codes()
    return 600 <= stock <= 999 and ours == 502
