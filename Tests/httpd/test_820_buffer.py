# SPDX-License-Identifier: Apache-2.0
"""GatewayBuffer and GatewaySpoolUploads: slow clients occupy no process of the application."""

import hashlib
import os
import re

import pytest
from behaviours import body_for
from client import Client, get, post
from complaints import complaint_about
from h2_client import H2Client
from httpd import load_modules, php_handler, proxy_pass
from processes import PHP

# More than the sockets between an application and a client that does not read hold.
LARGE = 32_000_000


@pytest.fixture
def serve_one(start, start_httpd):
    """An httpd before a php-fpm of one process."""
    return lambda lines, mpm="event": start_httpd(
        mpm, lines + php_handler(start(PHP, children=1).address)
    )


@pytest.mark.parametrize("mpm", ["prefork", "worker", "event"])
def test_a_slow_client(serve_one, mpm):
    httpd = serve_one("GatewayBuffer 64M\n", mpm)
    with Client(httpd.port) as slow:
        slow.send("GET", "/large.php?size=%d" % LARGE)
        assert get(httpd.port, "/query.php?a=42").body == b"a=42"
        response = slow.receive()
    assert (response.status, response.whole, len(response.body)) == (200, True, LARGE)
    assert response.body.count(b"x") == LARGE


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 1_000_000])
@pytest.mark.parametrize("limit", ["1", "70000", "2M"])
def test_sizes(responder, start_httpd, limit, size):
    """In memory, in a file and in both, within the limit and beyond it."""
    httpd = start_httpd("event", "GatewayBuffer %s\n" % limit + proxy_pass(responder("answer")))
    with Client(httpd.port) as client:
        for number in range(3):
            query = "n=%d&size=%d" % (number, size)
            response = client.request("GET", "/?" + query)
            assert (response.status, response.whole) == (200, True)
            assert response.body == body_for(query.encode())
            fields = dict(response.fields)
            if size < int(limit.replace("M", "000000")):
                assert fields["Content-Length"] == str(size)


@pytest.mark.parametrize("behaviour", ["die-after-head", "die-in-body", "die-before-end"])
def test_a_broken_answer_is_never_begun(responder, start_httpd, behaviour):
    httpd = start_httpd("event", "GatewayBuffer 1M\n" + proxy_pass(responder(behaviour)))
    response = get(httpd.port, "/?size=300000")
    assert (response.status, response.whole) == (502, True)
    assert "Set-Cookie" not in dict(response.fields)


@pytest.mark.parametrize("behaviour", ["short-body", "long-body"])
def test_a_wrong_length_is_made_right(responder, start_httpd, behaviour):
    """As long as all of it is kept back, whatever its size."""
    httpd = start_httpd("event", "GatewayBuffer 1M\n" + proxy_pass(responder(behaviour)))
    for size in (10, 300000):
        response = get(httpd.port, "/?n=1&size=%d" % size)
        assert (response.status, response.whole) == (200, True)
        assert dict(response.fields)["Content-Length"] == str(len(response.body))
        assert (len(response.body) > size) == (behaviour == "long-body")
    assert re.search(r"GW1060: Content-Length was \d+, \d+ came", httpd.read_log())


def test_a_stream_is_not_kept_back(serve_one):
    """It would not come before its end, which a client of its own waits for."""
    httpd = serve_one("GatewayBuffer 64M\n")
    for field in ("X-Accel-Buffering:%20no", "Content-Type:%20text/event-stream",
                  "Content-Type:%20Application/X-NDJSON;%20charset=utf-8"):  # fmt: skip
        with Client(httpd.port) as slow:
            slow.send("GET", "/large.php?size=%d&field=%s" % (LARGE, field))
            response = slow.receive()
            assert len(response.body) == LARGE
            assert dict(response.fields)["Transfer-Encoding"] == "chunked"


def test_conditions_head_and_redirects_are_as_without(start_httpd, php):
    httpd = start_httpd("event", "GatewayBuffer 1M\n" + php_handler(php.address))
    with Client(httpd.port) as client:
        assert client.request("GET", "/head.php", [("If-None-Match", '"page"')]).status == 304
        assert client.request("HEAD", "/head.php").status == 200
        assert client.request("GET", "/head.php?status=404%20x").body == b"the page\n"
        assert client.request("GET", "/query.php?a=1").body == b"a=1"


def test_a_body_that_nobody_reads(responder, start_httpd):
    lines = load_modules("http2") + "Protocols h2c http/1.1\nGatewayBuffer 1M\n"
    httpd = start_httpd("event", lines + proxy_pass(responder("never-reads")))
    assert post(httpd.port, "/?n=1", b"x" * 1_000_000).body == body_for(b"n=1")
    with H2Client(httpd.port) as client:
        stream = client.request("POST", "/?n=2", b"x" * 300_000)
        assert (stream.status, stream.body) == (200, body_for(b"n=2"))


def test_over_http2(serve_one):
    httpd = serve_one(load_modules("http2") + "Protocols h2c http/1.1\nGatewayBuffer 64M\n")
    with H2Client(httpd.port) as client:
        stream = client.request("GET", "/large.php?size=%d" % LARGE)
        assert stream.whole and len(stream.body) == LARGE


def test_no_file_is_left(serve_one):
    httpd = serve_one("GatewayBuffer 64M\n")
    get(httpd.port, "/large.php?size=1000000")
    for child in httpd.children():
        names = os.listdir("/proc/%d/fd" % child)
        links = [os.readlink("/proc/%d/fd/%s" % (child, name)) for name in names]
        assert not [link for link in links if "gateway." in link]


@pytest.mark.parametrize("words", ["much", "-1", "1T", "1KB", ""])
def test_a_bad_size_is_told(directory, words):
    assert "GatewayBuffer" in complaint_about(directory, "GatewayBuffer " + words)


@pytest.mark.parametrize("mpm", ["prefork", "worker", "event"])
def test_a_slow_upload(serve_one, mpm):
    httpd = serve_one("GatewaySpoolUploads On\n", mpm)
    body = b"slowly " * 100_000
    with Client(httpd.port) as slow:
        slow.send("POST", "/page.php", [("Content-Length", str(len(body)))])
        slow.socket.sendall(body[:-1])
        assert get(httpd.port, "/query.php?a=42").body == b"a=42"
        slow.socket.sendall(body[-1:])
        page = slow.receive()
    digest = hashlib.sha256(body).hexdigest()
    assert b"body %d %s" % (len(body), digest.encode()) in page.body


def test_a_spooled_upload_has_its_limit(start_httpd, start_responder):
    application = start_responder("answer")
    lines = "GatewaySpoolUploads On\nLimitRequestBody 1000\n"
    httpd = start_httpd("event", lines + proxy_pass(application.address))
    assert post(httpd.port, "/", b"x" * 1001).status == 413
    assert application.requests() == []
    assert post(httpd.port, "/?n=1", b"x" * 1000).body == body_for(b"n=1")


def test_an_upload_that_breaks_off_never_runs(start_httpd, start_responder):
    application = start_responder("answer")
    httpd = start_httpd("event", "GatewaySpoolUploads On\n" + proxy_pass(application.address))
    with Client(httpd.port) as client:
        client.send("POST", "/?n=1", [("Content-Length", "200000")])
        client.socket.sendall(b"x" * 199_999)
        client.socket.shutdown(1)
        answer = client.receive()
    assert answer is None or answer.status == 400
    assert get(httpd.port, "/?n=2").body == body_for(b"n=2")
    assert application.requests() == ["GET n=2"]
