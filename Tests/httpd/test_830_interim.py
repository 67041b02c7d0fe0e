# SPDX-License-Identifier: Apache-2.0
"""GatewayInterim: 103 Early Hints and other interim responses, as they come."""

import h2.events
import pytest
from behaviours import body_for
from client import Client, get
from h2_client import H2Client
from httpd import load_modules, php_handler, proxy_pass

ON = "GatewayInterim On\n"
H2 = load_modules("http2") + "Protocols h2c http/1.1\nH2EarlyHints on\nH2Push off\n"
LINKS = ["</a>; rel=preload", "</b>; rel=preload"]


def receive_head(client):
    """A head without a body: its status line and its fields."""
    while b"\r\n\r\n" not in client.buffer:
        assert client._more()
    head, _, client.buffer = client.buffer.partition(b"\r\n\r\n")
    line, *fields = head.decode().split("\r\n")
    return line, fields


class HintedClient(H2Client):
    hints, links = (), None

    def _take(self, stream, number, event):
        if isinstance(event, h2.events.InformationalResponseReceived):
            self.hints = (*self.hints, dict(event.headers)[":status"])
            self.links = [value for name, value in event.headers if name == "link"] or self.links
        super()._take(stream, number, event)


@pytest.mark.parametrize("mpm", ["prefork", "worker", "event"])
@pytest.mark.parametrize("more", ["", "GatewayBuffer 1M\n"], ids=["plain", "buffered"])
def test_hints_come_before_the_answer(responder, start_httpd, mpm, more):
    """The client sends its body only when it has the hints."""
    httpd = start_httpd(mpm, ON + more + proxy_pass(responder("interim")))
    body = b"x" * 100_000
    with Client(httpd.port) as client:
        for number in range(2):
            length = ("Content-Length", str(len(body)))
            client.send("POST", "/?n=%d" % number, [length])
            assert receive_head(client) == (
                "HTTP/1.1 103 Early Hints", ["Link: " + link for link in LINKS]
            )  # fmt: skip
            assert receive_head(client)[0] == "HTTP/1.1 102 Processing"
            client.socket.sendall(body)
            response = client.receive()
            assert (response.status, response.whole) == (200, True)
            assert response.body == body_for(b"n=%d" % number)
            assert "Link" not in dict(response.fields)


def test_hints_over_http2(responder, start_httpd):
    httpd = start_httpd("event", ON + H2 + proxy_pass(responder("interim")))
    with HintedClient(httpd.port) as client:
        answer = client.request("GET", "/?n=1")
        assert "103" in client.hints and ", ".join(client.links) == ", ".join(LINKS)
        assert (answer.status, answer.body) == (200, body_for(b"n=1"))
        assert "link" not in dict(answer.fields)


def test_none_unless_asked_for(responder, start_httpd):
    httpd = start_httpd("event", proxy_pass(responder("interim")))
    response = get(httpd.port, "/?n=1")
    assert (response.status, response.body) == (200, body_for(b"n=1"))


def test_none_to_older_clients(responder, start_httpd):
    httpd = start_httpd("event", ON + proxy_pass(responder("interim")))
    with Client(httpd.port) as client:
        client.socket.sendall(b"GET /?n=1 HTTP/1.0\r\n\r\n")
        assert client.receive().body == body_for(b"n=1")


def test_an_answer_without_hints(start_httpd, php):
    httpd = start_httpd("event", ON + php_handler(php.address))
    assert get(httpd.port, "/query.php?a=1").body == b"a=1"
