# SPDX-License-Identifier: Apache-2.0
"""Kept connections: bytes that nobody asked for, and closes at the worst moment."""

import pytest
from rows import Case, check, describe, patiently, query_of, refused, right_for, whole

EXTRAS = ("answer", "next", "same", "record", "byte", "garbage")
LARGE = b"x" * 1_000_000
NOT_AGAIN = refused("truncated", ending="-", runs=0)


@pytest.mark.parametrize("transport", ["unix", "tcp"])
def test_bytes_behind_the_end(table, transport):
    """The answer is right, and so is the next one, which gets a connection of its own."""
    cases = [Case("after-end&what=" + what, whole("closed"), transport) for what in EXTRAS]
    table.row("bytes after END_REQUEST, " + transport, *cases)


UNASKED = pytest.mark.parametrize("what", EXTRAS)
TRANSPORTS = pytest.mark.parametrize("transport", ["unix", "tcp"])


def while_idle(table, transport, what, ending, only):
    title = "%s while idle, %s%s" % (what, transport, "" if only == is_server else ", library")
    table.row(title, Case("after-end&later=1&what=" + what, whole(ending), transport), only=only)


def is_server(column):
    return column.is_server


def is_driver(column):
    return not column.is_server


@UNASKED
@TRANSPORTS
def test_bytes_while_idle(table, transport, what):
    """A connection that brings what nobody asked for is not used again."""
    while_idle(table, transport, what, "closed", is_server)


@UNASKED
@TRANSPORTS
def test_bytes_while_idle_in_the_library(table, transport, what):
    """They are no answer to the next request: late records are known by their request id, and
    skipped; behind anything else it is sent again on a fresh connection."""
    while_idle(table, transport, what, "reused", is_driver)


def test_an_answer_before_the_request(table):
    """It is the application's, to the one request that is there."""
    table.row("answers when it has accepted", *(early(t) for t in ("unix", "tcp")))


def early(transport):
    return Case("early", whole("reused"), "early-" + transport)


# What comes on a connection that was kept: a request that the application reads some bytes of.
TAKEN = (1, 8, 16, 40)


def kept(table, first_fault):
    """A way to play a case: after a request whose answer leaves a connection to break."""

    def play(column, case):
        first, query = query_of(first_fault), query_of(case.fault)
        with column.visit(case.road) as ask:
            # A connection that has served twice is believed to stay, with a POST too.
            patiently(ask, query_of("answer"))
            before = patiently(ask, first)
            for talk in table.application.talks(first):
                talk.stopped.set()
                if "idle" in first_fault:
                    talk.ended.wait(5)
            seen = patiently(ask, query, case.method, case.body)
        talks = table.application.talks(query)
        cell = describe(seen, query)
        if len(talks) > 1:
            cell += ", run %d times" % len(talks)
        if describe(before, first) != "right":
            return "first " + cell, "the first answer is %s" % (before,)
        ending = talks[-1].what_became() if talks and not column.is_stock else "-"
        return cell, check(right_for(column, case), seen, query, ending, len(talks))

    return play


@pytest.mark.parametrize("how", ["fin", "rst"])
@pytest.mark.parametrize("transport", ["unix", "tcp"])
def test_closed_while_idle(table, transport, how):
    """Nothing was sent, so that even a POST is safe."""
    cases = [Case("last", whole("left"), transport, method, body)
             for method, body in (("GET", b""), ("POST", b"x"), ("POST", LARGE))]  # fmt: skip
    title = "kept, closed while idle, %s, %s" % (how, transport)
    table.row(title, *cases, play=kept(table, "drops-idle&how=" + how))


@pytest.mark.parametrize("how", ["fin", "rst"])
@pytest.mark.parametrize("transport", ["unix", "tcp"])
@pytest.mark.parametrize("taken", TAKEN)
def test_dropped_within_the_request(table, transport, how, taken):
    """A GET is sent again; a POST may have run."""
    cases = [Case("last", whole("left"), transport),
             Case("last", NOT_AGAIN, transport, "POST", LARGE)]  # fmt: skip
    title = "kept, dropped behind %d bytes of a GET, a POST, %s, %s" % (taken, how, transport)
    table.row(title, *cases, play=kept(table, "drops&how=%s&read=%d" % (how, taken)))


@pytest.mark.parametrize("transport", ["unix", "tcp"])
def test_dropped_with_a_byte_of_the_answer(table, transport):
    """It has begun to run: not even a GET is sent again."""
    case = Case("last", NOT_AGAIN, transport)
    title = "kept, dropped behind a byte of the answer, " + transport
    table.row(title, case, play=kept(table, "drops&how=fin&read=40&sends=1"))


@pytest.mark.parametrize("transport", ["unix", "tcp"])
def test_dropped_twice(table, transport):
    """Once more, not for ever."""
    right = refused("truncated", ending="left")
    case = Case("cut&how=fin&at=nothing", right, transport)
    title = "kept, dropped, and the fresh one too, " + transport
    table.row(title, case, play=kept(table, "drops&how=fin&read=40"))
