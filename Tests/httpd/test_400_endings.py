# SPDX-License-Identifier: Apache-2.0
"""How an exchange ends when the application does not keep to the rules."""

import pytest
from behaviours import body_for
from client import get, post
from httpd import proxy_pass
from library import run_host

# Behaviour, outcome, HTTP status to answer with when the head has not been sent.
BEFORE_THE_HEAD = [
    ("die-before-head", "truncated", 502),
    ("die-in-head", "truncated", 502),
    ("no-head", "protocol-error", 502),
    ("empty-stdout", "protocol-error", 502),
    ("overloaded", "overloaded", 503),
    ("cannot-multiplex", "overloaded", 503),
    ("unknown-role", "protocol-error", 502),
    ("wrong-id", "protocol-error", 502),
    ("bad-version", "protocol-error", 502),
    ("malformed-head", "protocol-error", 502),
]
AFTER_THE_HEAD = [
    "die-after-head",
    "die-in-body",
    "die-before-end",
    "die-in-end",
    "short-body",
]
WHOLE = ["die-after-stdout-end", "die-after-length", "long-body", "trailing-bytes"]

# GATEWAY_RESULT_HEAD_SENT
HEAD_SENT = 0x8

QUERY = "n=1&size=200000"
BODIES = [[], ["--body-size", "100000"]]


@pytest.mark.parametrize("body", BODIES, ids=["get", "post"])
@pytest.mark.parametrize("behaviour, outcome, status", BEFORE_THE_HEAD)
def test_before_the_head(responder, behaviour, outcome, status, body):
    options = ("--expect", outcome, "--expect-status", status, *body)
    report = run_host(responder(behaviour), *options)
    assert report.one("head") == "none"
    assert not int(report.one("flags")) & HEAD_SENT
    assert report.one("message"), "the log has nothing to say"
    assert report.one("body") == "0"


@pytest.mark.parametrize("body", BODIES, ids=["get", "post"])
@pytest.mark.parametrize("behaviour", AFTER_THE_HEAD)
def test_after_the_head(responder, behaviour, body):
    param = ("--param", "QUERY_STRING=" + QUERY)
    report = run_host(responder(behaviour), *param, "--expect", "truncated", *body)
    assert report.one("head") == "200"
    assert int(report.one("flags")) & HEAD_SENT


@pytest.mark.parametrize("behaviour", WHOLE)
def test_whole_all_the_same(responder, directory, behaviour):
    expected = directory / "expected"
    expected.write_bytes(body_for(QUERY.encode()))
    param = ("--param", "QUERY_STRING=" + QUERY)
    run_host(responder(behaviour), *param, "--expect-body-file", expected)


def test_nobody_there(directory):
    run_host("unix:%s" % (directory / "no.sock"), "--expect", "connect-failed",
             "--expect-status", 503)  # fmt: skip


def test_an_application_that_never_answers(responder):
    options = ("--timeout", 300, "--expect", "timed-out", "--expect-status", 504)
    report = run_host(responder("hang"), *options)
    assert report.one("stage") == "head"


@pytest.mark.parametrize("ask", [get, lambda port, target: post(port, target, b"x" * 100000)],
                         ids=["get", "post"])  # fmt: skip
@pytest.mark.parametrize("behaviour, outcome, status", BEFORE_THE_HEAD)
def test_httpd_before_the_head(responder, start_httpd, behaviour, outcome, status, ask):
    httpd = start_httpd("event", proxy_pass(responder(behaviour)))
    assert ask(httpd.port, "/?" + QUERY).status == status


@pytest.mark.parametrize("mpm", ["prefork", "worker", "event"])
@pytest.mark.parametrize("behaviour", AFTER_THE_HEAD)
def test_httpd_shows_the_break(responder, start_httpd, behaviour, mpm):
    """A client or a cache must see that the body is cut, whatever was sent of it."""
    httpd = start_httpd(mpm, proxy_pass(responder(behaviour)))
    response = get(httpd.port, "/?" + QUERY)
    assert response is None or response.whole is False or response.status == 502


@pytest.mark.parametrize("behaviour", WHOLE)
def test_httpd_passes_what_is_whole(responder, start_httpd, behaviour):
    httpd = start_httpd("event", proxy_pass(responder(behaviour)))
    response = get(httpd.port, "/?" + QUERY)
    assert (response.status, response.whole) == (200, True)
    assert response.body == body_for(QUERY.encode())


def test_httpd_with_nobody_there(directory, start_httpd):
    httpd = start_httpd("event", proxy_pass("unix:%s" % (directory / "no.sock")))
    assert get(httpd.port, "/").status == 503
