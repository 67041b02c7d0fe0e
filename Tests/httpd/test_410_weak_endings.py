# SPDX-License-Identifier: Apache-2.0
"""Answers that are broken, odd or large, to a gateway of either module."""

import re

import pytest
from behaviours import body_for
from httpd import proxy_pass
from weakness import see

QUERY = "n=1&size=3000"

# What it is, the behaviour, what is right, and what stock does where that is always the same.
CASES = [
    ("END_REQUEST without a head", "no-head", "502", "200, empty"),
    ("OVERLOADED", "overloaded", "503", None),
    ("CANT_MPX_CONN", "cannot-multiplex", "503", None),
    ("UNKNOWN_ROLE", "unknown-role", "502", None),
    ("empty STDOUT without a head", "empty-stdout", "502", None),
    ("STDOUT ends within the head", "end-in-head", "502", None),
    ("closed before the head", "die-before-head", "502", "503"),
    ("closed within the head", "die-in-head", "502", "503"),
    ("closed within the body", "die-in-body", "200, visibly cut", None),
    ("closed before END_REQUEST", "die-before-end", "200, visibly cut", None),
    ("closed after STDOUT's end", "die-after-stdout-end", "200, right", None),
    # All of it is at hand: the length is made right.
    ("less than its Content-Length", "short-body", "200, right", None),
    ("more than its Content-Length", "long-body", "200, wrong body", None),
    ("records of a request id that is not ours", "wrong-id", "502", "503"),
    ("records of version 2", "bad-version", "502", "503"),
    ("a line without a colon in the head", "malformed-head", "502", "500"),
    ("a record of unknown type, 60,000 bytes", "large-unknown", "200, right", None),
    ("END_REQUEST in pieces", "end-in-pieces", "200, right", None),
    ("255 bytes of padding in each record", "much-padding", "200, right", None),
    ("a field of 20,000 bytes in the head", "long-field", "200, right", "500"),
    ("a field of 20 MB in the head", "huge-field", "502", "500"),
    ("a head of 2 MB", "huge-head", "502", None),
    ("a head that ends with LF CRLF", "mixed-line-ends", "200, right", None),
    ("two Content-Lengths", "two-lengths", "502", None),
    ("Status 101", "switching", "502", None),
]


@pytest.mark.parametrize("weakness, behaviour, right, stock", CASES, ids=[c[1] for c in CASES])
def test_one_answer(responder, serve, observe, weakness, behaviour, right, stock):
    httpd = serve(proxy_pass(responder(behaviour)))
    observe(weakness, see(httpd.port, body_for(QUERY.encode()), "/?" + QUERY), right, stock)


def test_the_field_that_is_too_large_is_named(responder, serve, observe):
    httpd = serve(proxy_pass(responder("huge-field")))
    see(httpd.port, b"", "/?" + QUERY)
    line = r"larger than GatewayLimitResponseHead allows: X-Huge has \d{6} bytes"
    named = re.search(line, httpd.read_log())
    observe("that field in the error log", "named" if named else "not named", "named", "not named")
