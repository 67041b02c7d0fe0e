# SPDX-License-Identifier: Apache-2.0
"""100 Continue: said once, when the application can be had, and to nobody who is refused."""

import h2.events
import pytest
from behaviours import body_for
from client import Client, Expecting
from h2_client import H2Client
from httpd import load_modules, php_handler, proxy_pass

CONTINUE = "HTTP/1.1 100 Continue"
ERROR_PAGE = "ErrorDocument 403 /page.php\n<Location /no>\nRequire all denied\n</Location>\n"


def chunk(body):
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


def length(body):
    return [("Content-Length", str(len(body)))]


CHUNKED = [("Transfer-Encoding", "chunked")]
WAYS = [
    ("length", "", False),
    ("spooled", "GatewaySpoolUploads On\n", False),
    ("sendcl", "SetEnv proxy-sendcl 1\n", False),
    ("chunked", "", True),
    ("streamed", "GatewayStreamUploads On\n", True),
    ("buffered", "GatewayBuffer 1M\n", False),
]  # fmt: skip


@pytest.mark.parametrize("mpm", ["prefork", "event"])
def test_it_is_said_once(responder, start_httpd, mpm):
    """Each way on which a body goes, twice on a connection, small and large."""
    lines = "".join(
        "<Location /%s>\n%s</Location>\n%s" % (name, more, proxy_pass(address, "/" + name))
        for address in [responder("answer")]
        for name, more, _ in WAYS
    )
    httpd = start_httpd(mpm, load_modules("env") + lines)
    for name, _, is_chunked in WAYS:
        with Expecting(httpd.port) as client:
            for body in (b"x", b"y" * 200_000):
                client.announce("/%s?n=1" % name, CHUNKED if is_chunked else length(body))
                assert client.head() == CONTINUE, name
                client.socket.sendall(chunk(body) if is_chunked else body)
                response = client.receive()
                assert (response.status, response.body) == (200, body_for(b"n=1")), name
                assert dict(response.fields)["X-Body"].startswith("%d " % len(body)), name


def test_after_the_turn_in_the_queue(start_responder, start_httpd):
    """Also where mod_reqtimeout gives a body less time than the queue takes."""
    address = start_responder("answer").address
    lines = load_modules("reqtimeout") + "RequestReadTimeout body=1\n"
    lines += "GatewayCapacity %s 1\n" % address + proxy_pass(address)
    httpd = start_httpd("event", lines)
    with Expecting(httpd.port) as first, Expecting(httpd.port) as second:
        first.announce("/?n=1", length(b"x" * 3))
        assert first.head() == CONTINUE
        second.announce("/?n=2", length(b"abc"))
        # It never sends what it was asked for.
        assert first.receive().status == 408
        assert second.head() == CONTINUE
        second.socket.sendall(b"abc")
        assert second.receive().body == body_for(b"n=2")


def test_in_a_balancer(responder, directory, start_httpd):
    """Once, and the member that cannot be had is passed over before."""
    lines = load_modules("slotmem_shm", "proxy_balancer", "lbmethod_byrequests")
    lines += "<Proxy balancer://pair>\n"
    for address, options in ((directory / "no.sock", ""), (responder("answer")[5:], "status=+H")):
        lines += 'BalancerMember "unix:%s|fcgi://%s/" %s\n' % (
            address, "spare" if options else "first", options,
        )  # fmt: skip
    lines += "</Proxy>\nProxyPass / balancer://pair/\n"
    httpd = start_httpd("event", lines)
    with Expecting(httpd.port) as client:
        client.announce("/?n=1", length(b"x" * 100_000))
        assert client.head() == CONTINUE
        client.socket.sendall(b"x" * 100_000)
        response = client.receive()
        assert (response.status, response.body) == (200, body_for(b"n=1"))


@pytest.mark.parametrize("sent", ["a part", "all", "the size of a chunk"])
def test_none_to_who_sends_unasked(responder, start_httpd, sent):
    httpd = start_httpd("event", "GatewayStreamUploads On\n" + proxy_pass(responder("answer")))
    with Expecting(httpd.port) as client:
        body = b"x" * 1000
        is_chunked = sent == "the size of a chunk"
        whole = chunk(body) if is_chunked else body
        now = {"a part": 10, "all": len(whole), "the size of a chunk": 5}[sent]
        client.announce("/?n=1", CHUNKED if is_chunked else length(body), body=whole[:now])
        assert now == len(whole) or client.is_silent()
        client.socket.sendall(whole[now:])
        assert client.head() == "HTTP/1.1 200 OK"
        assert client.receive().body == body_for(b"n=1")


def test_none_to_older_clients(responder, start_httpd):
    httpd = start_httpd("event", proxy_pass(responder("answer")))
    with Expecting(httpd.port) as client:
        client.announce("/?n=1", length(b"abc"), "1.0")
        assert client.is_silent()
        client.socket.sendall(b"abc")
        assert client.head() == "HTTP/1.1 200 OK"


REFUSALS = {
    "nobody listens": (503, "ProxyPass / unix:/nowhere.sock|fcgi://x/\n"),
    "too large": (413, "GatewaySpoolUploads On\nLimitRequestBody 1000\n"),
    "denied": (403, "<Location />\nRequire all denied\n</Location>\n"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_none_to_who_is_refused(responder, start_httpd, name):
    status, lines = REFUSALS[name]
    httpd = start_httpd("event", lines + proxy_pass(responder("answer")))
    with Expecting(httpd.port) as client:
        client.announce("/?n=1", length(b"x" * 100_000))
        response = client.receive()
        assert (response.status, dict(response.fields)["Connection"]) == (status, "close")
        assert client.receive() is None


@pytest.mark.parametrize("waits", [True, False], ids=["waits", "sends"])
def test_the_page_of_an_error(php, start_httpd, waits):
    """It asks nobody and waits for nobody; what is there already is its own, as with stock."""
    httpd = start_httpd("event", ERROR_PAGE + php_handler(php.address))
    with Expecting(httpd.port) as client:
        if waits:
            client.announce("/no", length(b"x" * 1000))
        else:
            client.send("POST", "/no", length(b"x" * 1000))
        response = client.receive()
        assert (response.status, dict(response.fields)["Connection"]) == (403, "close")
        assert b"method GET\nbody 0 " in response.body and response.whole
        assert client.receive() is None
    with Client(httpd.port) as client:
        response = client.request("POST", "/no", body=b"x" * 1000)
        assert response.status == 403 and b"\nbody 1000 " in response.body
        assert client.request("GET", "/query.php?a=1").body == b"a=1"


def test_a_body_that_comes_while_the_page_is_made(php, start_httpd):
    """It is read away, and the connection goes on."""
    page = "ErrorDocument 403 /sleep.php?ms=200\n<Location /no>\nRequire all denied\n</Location>\n"
    httpd = start_httpd("event", page + php_handler(php.address))
    with Client(httpd.port) as client:
        for _ in range(2):
            client.send("POST", "/no", length(b"x" * 1000))
            client.socket.settimeout(0.05)
            with pytest.raises(TimeoutError):
                client.receive()
            client.socket.settimeout(30)
            client.socket.sendall(b"x" * 1000)
            response = client.receive()
            assert (response.status, response.body) == (403, b"slept\n")
            assert "Connection" not in dict(response.fields)
        assert client.request("GET", "/query.php?a=1").body == b"a=1"


def test_beside_hints(responder, start_httpd):
    httpd = start_httpd("event", "GatewayInterim On\n" + proxy_pass(responder("interim")))
    with Expecting(httpd.port) as client:
        client.announce("/?n=1", length(b"abc"))
        heads = {client.head() for _ in range(3)}
        assert heads == {CONTINUE, "HTTP/1.1 103 Early Hints", "HTTP/1.1 102 Processing"}
        client.socket.sendall(b"abc")
        assert client.receive().body == body_for(b"n=1")


class ExpectingH2(H2Client):
    """Sends its body when it is told to."""

    is_told = False

    def _take(self, stream, number, event):
        if isinstance(event, h2.events.InformationalResponseReceived):
            assert dict(event.headers)[":status"] == "100"
            assert not self.is_told
            self.is_told = True
        super()._take(stream, number, event)

    def _send(self, stream, number):
        if self.is_told:
            super()._send(stream, number)
        else:
            self._flush()


def test_over_http2(php, start_httpd):
    lines = load_modules("http2") + "Protocols h2c http/1.1\n" + ERROR_PAGE
    httpd = start_httpd("event", lines + php_handler(php.address))
    expect = [("expect", "100-continue")]
    with ExpectingH2(httpd.port) as client:
        page = client.request("POST", "/page.php", b"x" * 100_000, expect)
        assert client.is_told and b"\nbody 100000 " in page.body
    with ExpectingH2(httpd.port) as client:
        page = client.request("POST", "/no", b"x" * 100_000, expect)
        assert not client.is_told and page.status == 403 and b"\nbody 0 " in page.body
        assert client.request("GET", "/query.php?a=1").body == b"a=1"


