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
        number = parts[1] if parts[0] in ("client", "access") and parts[1].isdigit() else "0"
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
    if framing == ("none", "none"):
        return d.stock == "nothing" and d.path.endswith("content-length")
    stock, ours = d.beside("body")
    is_told = framing in (("chunked", "length"), ("close", "length"), ("stream", "stream"))
    if not is_told or stock != ours:
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
    # 302: an ErrorDocument elsewhere stands for either.
    return d.codes() in ((503, 502), (302, 302)) and None not in d.both("errors.AH01075")


@row("broken-head-request-is-502")
def _(d):
    return (
        d.codes() in ((200, 502), (200, 200)) and d.both("client.0.framing") == ("none", "none")
        and d.both("errors.AH01075") == (("error",),) * 2
    )  # fmt: skip


@row("broken-body-shows")
def _(d):
    is_broken = d.codes() == (200, 200) and d.both("client.0.whole") == (False, False)
    over_h2 = all(str(framing).startswith("reset by") for framing in d.both("client.0.framing"))
    return is_broken and (over_h2 or d.both("client.patience")[0])


@row("no-answer-is-502")
def _(d):
    return d.codes() == (200, 502) and "client.0.fields.content-type" not in d.seen_stock


@row("malformed-head-is-502")
def _(d):
    return d.codes() == (500, 502) and d.seen_ours.get("errors.AH01075") == ("error",)


@row("interim-status-is-not-final")
def _(d):
    stock = d.seen_stock.get("access.0.s", "-")
    return re.fullmatch(r"1\d\d", stock) and stock != "101" and d.codes()[1] == 502


@row("status-101")
def _(d):
    return d.codes() == (101, 502)


@row("invalid-status-is-502")
def _(d):
    is_invalid = any(path.startswith("errors.Invalid status line") for path in d.seen_stock)
    return is_invalid and d.codes()[1] == 502


@row("stderr-by-line")
def _(d):
    stock, ours = d.both("errors.stderr")
    return stock == ours and d.stock[0] == "error" and d.ours == "several"


@row("redirect-without-status")
def _(d):
    location = d.both("client.0.fields.location")
    return d.codes() == (200, 302) and location[0] == location[1] is not None


@row("hop-by-hop-fields")
def _(d):
    # What follows from Connection is known only by what the case lets its application say.
    return d.case.id.startswith(("fields:connection", "fields:upgrade", "fields:trailer",
                                 "fields:proxy fields"))  # fmt: skip


@row("long-fields")
def _(d):
    return d.codes()[0] == 500 and d.codes()[1] == 200 and any(
        text.startswith("errors.Premature end") for text in d.seen_stock
    )  # fmt: skip


@row("deflate-very-small")
def _(d):
    coding, body = d.both("client.0.fields.content-encoding"), d.both("client.0.body")
    is_small = isinstance(body[1], bytes) and 0 < len(body[1]) < 80
    if d.both("client.0.framing") == ("none", "none"):
        # HEAD, 204 and 304 show no body: neither side has compressed one.
        is_small = coding[0] is None and d.path.endswith((".vary", ".content-length"))
    return "deflate" in d.case.fragment and coding[1] is None and is_small


@row("fresh-connection")
def _(d):
    is_kept = (True, True) == d.both("application.0.keep")
    return is_kept and d.both("application.requests") == (1, 2)


@row("unasked-body-keeps")
def _(d):
    is_told = d.case.id.startswith("clients:expects") and d.seen_ours.get("client.told")
    return is_told is False and d.both("client.0.fields.connection") == (("close",), None)


@row("error-page-waits-for-no-body")
def _(d):
    return d.case.fragment == "refused with page" and d.codes() == (403, 403)


@row("spooled-before-the-application")
def _(d):
    return d.codes() == (408, 408) and d.both("application.requests") == (1, 0)


@row("cut-upload-is-aborted")
def _(d):
    return (d.stock, d.ours) == ("cut", "aborted")


@row("head-over-http2")
def _(d):
    response = d.seen_ours.get("client.0.status", "").startswith("HTTP/2")
    return response and " HEAD " in d.case.id and d.seen_ours.get("client.0.body") == b""


def size(body):
    """Of a body as it is shown: in bytes, or cut short with its size in front."""
    return int(body.split(" ")[0]) if isinstance(body, str) else len(body)


@row("two-lengths-are-502")
def _(d):
    return (
        d.case.name.startswith("two ") and d.codes() == (200, 502)
        and d.both("errors.AH01075") == (None, ("error",))
    )  # fmt: skip


@row("wrong-length-is-warned")
def _(d):
    return d.both(d.path) == (None, ("warn",))


@row("unreadable-length-is-warned")
def _(d):
    return d.both(d.path) == (None, ("warn",)) and d.codes()[0] == d.codes()[1]


@row("body-ends-at-its-length")
def _(d):
    stock, ours = (size(body) for body in d.beside("body"))
    length = d.seen_ours.get(d.path[:9] + "fields.content-length")
    return (
        d.seen_ours.get("errors.GW1060") == ("warn",) and ours < stock
        and length == ("%d" % ours,)
    )  # fmt: skip


@row("short-body-is-broken-off")
def _(d):
    return (
        d.seen_ours.get("errors.GW1060") == ("warn",) and d.codes() == (200, 200)
        and d.both("client.0.whole") == (True, False)
    )  # fmt: skip


@row("page-in-ranges")
def _(d):
    is_said = d.both("client.0.fields.accept-ranges")[0] == ("bytes",)
    return is_said and d.codes() in ((200, 206), (200, 416))


@row("stderr-is-bounded")
def _(d):
    stock, ours = d.both("errors.stderr")
    return (
        d.both("errors.GW1011") == (None, ("warn",))
        and size(ours) < size(stock) and size(ours) <= 2 * 32768
    )  # fmt: skip


@row("error-page-has-no-body")
def _(d):
    return d.ours == (b"0",) and d.beside("input bytes") == (0, 0)


@row("cookie-lines")
def _(d):
    stock, ours = (value[0].replace(b"; ", b", ") for value in (d.stock, d.ours))
    return stock == ours


@row("white-space-after-a-value")
def _(d):
    stock, ours = d.stock, d.ours
    return ours != "nothing" and tuple(re.sub(r" +(?=,|$)", "", each) for each in stock) == ours


@row("missing-script-is-named")
def _(d):
    stock, ours = d.both("errors.stderr")
    return stock == b"Primary script unknown" and b"SCRIPT_FILENAME was proxy:fcgi:" in ours
