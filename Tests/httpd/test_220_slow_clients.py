# SPDX-License-Identifier: Apache-2.0
"""mod_reqtimeout bounds request bodies as it does with the stock module, whatever way they go."""

import ssl
import threading
import time

import pytest
from client import Client
from httpd import load_modules, proxy_pass
from test_470_http2 import tls  # noqa: F401: a fixture

LIMITS = load_modules("reqtimeout", "env") + "RequestReadTimeout body=1,minrate=500\n"
WAYS = {
    "length": "",
    "streamed": "GatewayStreamUploads On\n",
    "spooled": "GatewaySpoolUploads On\n",
    "buffered": "GatewayBuffer 1M\n",
}
LENGTH = [("Content-Length", "100000")]
CHUNKED = [("Transfer-Encoding", "chunked")]
# What a client sends before it goes silent, and again and again if it drips.
SILENT = {"nothing": (LENGTH, b""), "a part": (LENGTH, b"x" * 10), "no chunk": (CHUNKED, b"")}
SILENT |= {"a chunk's size": (CHUNKED, b"9"), "a chunk": (CHUNKED, b"3\r\nabc\r\n")}
DRIPPING = {"length": (LENGTH, b"x" * 10), "chunked": (CHUNKED, b"3\r\nabc\r\n")}


class SlowClient(threading.Thread):
    def __init__(self, port, target, kind, drips, context):
        super().__init__()
        self.client = Client(port, 10)
        if context:
            self.client.socket = context.wrap_socket(self.client.socket)
        self.target, (self.fields, self.piece), self.drips = target, kind, drips
        self.response, self.seconds, self.goes_on = None, None, None
        self.start()

    def run(self):
        began = time.monotonic()
        with self.client as client:
            client.send("POST", self.target, self.fields)
            client.socket.sendall(self.piece)
            dripping = threading.Thread(target=self.drip)
            dripping.start()
            self.response = client.receive()
            self.seconds = time.monotonic() - began
            self.goes_on = client.receive() is not None
            dripping.join()

    def drip(self):
        while self.drips and self.response is None:
            time.sleep(0.1)
            try:
                self.client.socket.sendall(self.piece)
            except OSError:
                return


@pytest.mark.parametrize("mpm, secure", [("event", False), ("prefork", False), ("event", True)],
                         ids=["event", "prefork", "TLS"])  # fmt: skip
def test_it_is_cut_off_in_time(responder, start_httpd, request, mpm, secure):
    """With 408, and the close that the head tells of. All at once, since each takes its second."""
    address, context, more = responder("answer"), None, ""
    if secure:
        more = request.getfixturevalue("tls").replace("Protocols h2 http/1.1\n", "")
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for name, lines in WAYS.items():
        more += "<Location /%s>\n%s</Location>\n%s" % (name, lines, proxy_pass(address, "/" + name))
    httpd = start_httpd(mpm, LIMITS + more)
    clients = {
        (way, kind, drips): SlowClient(httpd.port, "/%s?n=1" % way, kinds[kind], drips, context)
        for way in WAYS
        for drips, kinds in ((False, SILENT), (True, DRIPPING))
        for kind in kinds
    }
    for client in clients.values():
        client.join()
    for case, client in clients.items():
        assert client.response is not None, case
        assert client.response.status == 408, case
        assert dict(client.response.fields)["Connection"] == "close", case
        assert 0.9 < client.seconds < 4 and not client.goes_on, (case, client.seconds)


def test_the_rest_of_an_answered_body(responder, start_httpd):
    """Read away after the answer for as long as mod_reqtimeout gives it."""
    httpd = start_httpd("event", LIMITS + proxy_pass(responder("early-close")))
    with Client(httpd.port, 10) as client:
        client.send("POST", "/?n=1", [("Content-Length", "1000")])
        assert client.receive().status == 200
        began = time.monotonic()
        assert client.receive() is None
        assert 0.5 < time.monotonic() - began < 4
