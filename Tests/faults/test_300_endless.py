# SPDX-License-Identifier: Apache-2.0
"""What never ends, or never begins: each is bounded."""

import pytest
from rows import Case, broken, refused

LATE = refused("timed-out", 504)
LARGE = b"x" * 4_000_000

ROWS = [
    ("STDERR without end", "endless-stderr", LATE),
    ("STDERR without end behind the head", "endless-stderr&late=1", broken("timed-out")),
    ("a head without end", "endless-head", refused("protocol-error")),
    ("a head without end, dripped", "dripped-head", LATE),
    ("padding without end", "endless-padding", LATE),
    ("padding without end behind the head", "endless-padding&late=1", broken("timed-out")),
    ("never answers", "silent", LATE),
    ("silent within the head", "silent&at=in-head", LATE),
    ("silent behind the head", "silent&at=head", broken("timed-out")),
    ("silent within the body", "silent&at=in-body", broken("timed-out")),
    ("silent before END_REQUEST", "silent&at=stdout", broken("timed-out")),
]


@pytest.mark.parametrize("title, fault, right", ROWS, ids=[row[0] for row in ROWS])
def test_row(table, title, fault, right):
    table.row(title, Case(fault, right, "unix-hasty"))


@pytest.mark.parametrize("transport", ["unix", "tcp"])
def test_never_reads(table, transport):
    case = Case("never-reads", LATE, transport + "-hasty", "POST", LARGE)
    table.row("4 MB never read, " + transport, case)


def test_never_accepts(table):
    right = refused("timed-out", 503, ending="-", runs=0)
    failed = refused("connect-failed", 503, ending="-", runs=0)
    table.row("never accepts", Case("never", right, "full-hasty", in_httpd=failed))
