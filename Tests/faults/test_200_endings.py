# SPDX-License-Identifier: Apache-2.0
"""An application that closes or resets: after each byte of an answer, and at each stage."""

import pytest
from rows import Case, broken, query_of, refused, whole
from scripts import layout

LARGE = b"x" * 1_000_000
PLACES = ("nothing", "header", "in-head", "head", "in-body", "body", "stdout", "in-end", "all")


def right_at(at, ends, declares, ending):
    """What an answer is that ends after so many bytes, with or without a Content-Length."""
    if at < ends["head"]:
        return refused("truncated", ending=ending)
    if at >= ends["stdout"] or (declares and at >= ends["body"]):
        return whole(ending)
    return broken("truncated", ending)


def case(how, road, at, declares=False, method="GET"):
    fault = "cut&how=%s&at=%s" % (how, at)
    fault += "&length=0" if declares else ""
    fault += "&unread=1" if method == "POST" else ""
    ends = layout(query_of(fault))
    place = int(at) if at.isdigit() else ends[at]
    right = right_at(place, ends, declares, "closed" if how == "half" else "left")
    return Case(fault, right, road, method, LARGE if method == "POST" else b"")


def each_byte(how, road, declares):
    longest = layout(query_of("cut&how=%s&at=%03d%s" % (how, 0, "&length=0" if declares else "")))
    return [case(how, road, "%03d" % at, declares) for at in range(longest["all"] + 1)]


SHORT = [("fin", "unix"), ("rst", "tcp")]
ALL = [(how, road) for how in ("fin", "rst", "half") for road in ("unix", "tcp")]


@pytest.mark.parametrize("declares", [False, True], ids=["plain", "length"])
@pytest.mark.parametrize("how, road", ALL)
def test_each_byte(table, is_long, how, road, declares):
    if (how, road) in SHORT or is_long:
        length = ", with Content-Length" if declares else ""
        title = "cut at each byte, %s, %s%s" % (how, road, length)
        table.row(title, *each_byte(how, road, declares))


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("at", PLACES)
def test_each_stage(table, at, method):
    """All the ways; a POST is not read."""
    title = "cut behind %s, %s" % (at, "1 MB unread" if method == "POST" else method)
    table.row(title, *(case(how, road, at, method=method) for how, road in ALL))


@pytest.mark.parametrize("name", ["closes", "resets"])
def test_at_accept(table, name):
    cases = [Case("never", refused("truncated", ending="-", runs=0), "%s-%s" % (name, transport))
             for transport in ("unix", "tcp")]  # fmt: skip
    table.row("%s when it has accepted" % name, *cases)
