# SPDX-License-Identifier: Apache-2.0
"""Each field of a record's header, wrong or out of range; and what END_REQUEST may say."""

import pytest
from rows import Case, broken, refused, whole

PROTOCOL = refused("protocol-error")
BUSY = refused("overloaded", 503)
PROTOCOL_LATE = broken("protocol-error")
# What a gateway sends, and what belongs to no request: none of it answers one.
NOT_ANSWERS = (1, 2, 4, 5, 8, 9, 10, 11)
UNKNOWN = (0, 12, 99, 255)

ROWS = [
    ("version 0, 2, 255", [Case("version&number=%d" % n, PROTOCOL) for n in (0, 2, 255)]),
    ("version 0, 2, 255 behind the body",
     [Case("version&late=1&number=%d" % n, PROTOCOL_LATE) for n in (0, 2, 255)]),
    ("a type that is no answer's", [Case("type&number=%d" % n, PROTOCOL) for n in NOT_ANSWERS]),
    ("the same behind the head",
     [Case("type&late=1&number=%d" % n, PROTOCOL_LATE) for n in NOT_ANSWERS]),
    ("an unknown type", [Case("type&number=%d" % n, whole()) for n in UNKNOWN]),
    ("an unknown type behind the head",
     [Case("type&late=1&number=%d" % n, whole()) for n in UNKNOWN]),
    ("any type for request id 0",
     [Case("type&id=0&number=%d" % n, whole()) for n in (*range(1, 12), *UNKNOWN)]),
    ("the answer is for another id", [Case("id&number=%d" % n, PROTOCOL) for n in (3, 65535)]),
    ("the answer is for id 0, then closed",
     [Case("id&number=0&leave=1", refused("truncated", ending="left"))]),
    ("the body is for another id",
     [Case("id&late=1&number=%d" % n, PROTOCOL_LATE) for n in (3, 65535)]),
    ("END_REQUEST is for another id",
     [Case("id&end=1&number=%d" % n, PROTOCOL_LATE) for n in (3, 65535)]),
    ("END_REQUEST of another length",
     [Case("end-length&number=%d" % n, PROTOCOL_LATE) for n in (0, 1, 7, 9, 65535)]),
    ("content length too large, then closed",
     [Case("lies&leave=1&content=%d" % n, broken("truncated", "left")) for n in (40, 60000)]),
    ("content length too small",
     [Case("lies&content=%d" % n, PROTOCOL_LATE) for n in (-1, -7, -9)]),
    ("padding length too large",
     [Case("lies&padding=%d" % n, PROTOCOL_LATE) for n in (1, 4, 7)]),
    ("padding length too large, then closed",
     [Case("lies&leave=1&padding=255", broken("truncated", "left"))]),
    ("255 bytes of padding", [Case("padded", whole())]),
    ("the last padding cut off",
     [Case("padded&leave=1&less=%d" % n, whole("left")) for n in (1, 100, 255)]),
    ("reserved bytes set", [Case("reserved", whole())]),
    ("one byte at a time", [Case("drips", whole()), Case("drips", whole(), "tcp")]),
    ("STDOUT behind its end", [Case("stdout-after-end", PROTOCOL_LATE)]),
    ("END_REQUEST without a head", [Case("no-head", PROTOCOL), Case("no-head&stdout=1", PROTOCOL)]),
    ("OVERLOADED", [Case("ends&status=2", BUSY)]),
    # The module shares no connection to begin with, so another one promises nothing.
    ("CANT_MPX_CONN, always",
     [Case("ends&status=1", refused("overloaded", 503, runs=2), in_httpd=BUSY)]),
    ("CANT_MPX_CONN, once", [Case("no-multiplexing-once", whole(runs=2), in_httpd=BUSY)]),
    ("UNKNOWN_ROLE", [Case("ends&status=3", PROTOCOL)]),
    ("an unknown protocol status", [Case("ends&status=%d" % n, PROTOCOL) for n in (4, 255)]),
    ("each of them behind the head",
     [Case("ends&late=1&status=%d" % n, PROTOCOL_LATE) for n in (1, 2, 3, 4)]),
    # All of it is at hand: the length is made right.
    ("less than its Content-Length", [Case("answer&length=10", whole())]),
    ("more than its Content-Length", [Case("answer&length=-5", whole())]),
]  # fmt: skip


@pytest.mark.parametrize("title, cases", ROWS, ids=[row[0] for row in ROWS])
def test_row(table, title, cases):
    table.row(title, *cases)
