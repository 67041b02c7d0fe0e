# SPDX-License-Identifier: Apache-2.0
"""Clients that leave within an answer without an end delay nobody who comes after them."""

import time

import pytest
from client import Client, get
from complaints import complaint_about
from httpd import proxy_pass

# Far below the five seconds that a connection may drain.
AT_ONCE = 2


def leave_in_answer(port, kind):
    with Client(port) as client:
        client.send("GET", "/?endless=" + kind)
        received = b""
        while b"data:" not in received:
            received += client.socket.recv(65536)


@pytest.mark.parametrize("mpm", ["prefork", "worker", "event"])
@pytest.mark.parametrize("kind", ["text/event-stream", "text/plain"])
def test_the_next_request(start_responder, start_httpd, kind, mpm):
    application = start_responder("endless")
    lines = "GatewayCapacity %s 1 wait=20\n" % application.address
    httpd = start_httpd(mpm, lines + proxy_pass(application.address, "/", "flushpackets=on"))
    for _ in range(2):
        leave_in_answer(httpd.port, kind)
        begin = time.monotonic()
        assert get(httpd.port, "/?n=1").body == b"answer to n=1\n"
        assert time.monotonic() - begin < AT_ONCE
    assert len(application.requests()) == 4


@pytest.mark.parametrize("words", ["", "0", "-1", "2h", "5 0", "5 4G", "5 x", "Off 1M", "x"])
def test_a_bad_line_is_told(directory, words):
    assert "GatewayDrain" in complaint_about(directory, "GatewayDrain " + words)


@pytest.mark.parametrize("words", ["5 64M", "100ms", "1h 4294967295", "off"])
def test_a_good_line(responder, start_httpd, words):
    lines = "GatewayDrain %s\n" % words + proxy_pass(responder("answer"))
    assert get(start_httpd("event", lines).port, "/?n=1").status == 200
