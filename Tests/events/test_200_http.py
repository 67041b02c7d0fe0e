# SPDX-License-Identifier: Apache-2.0
"""What the epoll host makes of HTTP/1.1 itself."""

import socket
import time

import pytest
from http_client import Client, get

HOST = b"Host: localhost\r\n"
REFUSED = {
    "no method": (400, b" / HTTP/1.1\r\n" + HOST),
    "no target": (400, b"GET HTTP/1.1\r\n" + HOST),
    "no version": (400, b"GET /\r\n" + HOST),
    "other protocol": (400, b"GET / HTCP/1.1\r\n" + HOST),
    "version 2": (505, b"GET / HTTP/2.0\r\n" + HOST),
    "no host": (400, b"GET / HTTP/1.1\r\n"),
    "two hosts": (400, b"GET / HTTP/1.1\r\n" + HOST + HOST),
    "control character": (400, b"GET / HTTP/1.1\r\n" + HOST + b"A: \x01\r\n"),
    "bare line feed": (400, b"GET / HTTP/1.1\r\n" + HOST + b"A: 1\nB: 2\r\n"),
    "space before the colon": (400, b"GET / HTTP/1.1\r\n" + HOST + b"A : 1\r\n"),
    "continued line": (400, b"GET / HTTP/1.1\r\n" + HOST + b"A: 1\r\n 2\r\n"),
    "two lengths": (400, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\n" * 2),
    "list of lengths": (400, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1, 1\r\n"),
    "signed length": (400, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: +1\r\n"),
    "length of 20 digits": (
        413, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 99999999999999999999\r\n"),
    "length and chunked": (
        400,
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"),
    "chunked and length": (
        400,
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n"),
    "chunked twice": (400, b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n" * 2),
    "chunked in 1.0": (400, b"POST / HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n"),
    "other coding": (501, b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, chunked\r\n"),
    "other expectation": (417, b"POST / HTTP/1.1\r\n" + HOST + b"Expect: much\r\n"),
    "too many fields": (431, b"GET / HTTP/1.1\r\n" + HOST + b"A: 1\r\n" * 200),
    "too large": (431, b"GET / HTTP/1.1\r\n" + HOST + b"A: %s\r\n" % (b"a" * 20000)),
    "target above the root": (400, b"GET /../x HTTP/1.1\r\n" + HOST),
}  # fmt: skip
MALFORMED_CHUNKS = {
    "no size": b"\r\n",
    "no digit": b"x\r\n",
    "negative": b"-1\r\n",
    "size of 17 digits": b"00000000000000001\r\na\r\n",
    "bare line feed": b"1\na\r\n",
    "longer than its size": b"1\r\nab\r\n",
    "extension without end": b"1;" + b"a" * 10000,
    "trailer without end": b"0\r\n" + b"A: 1\r\n" * 5000,
}


def raw(port, request):
    """What comes back up to the end, which the host makes."""
    with socket.create_connection(("127.0.0.1", port), 20) as connection:
        connection.sendall(request)
        received = b""
        while piece := connection.recv(65536):
            received += piece
    return received


@pytest.fixture
def served(host, responder):
    return host(responder("answer")).port


@pytest.mark.parametrize("name", REFUSED)
def test_refused(served, name):
    status, head = REFUSED[name]
    answer = raw(served, head + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer
    assert b"\r\nConnection: close\r\n" in answer


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", MALFORMED_CHUNKS)
def test_malformed_chunks(host, responder, name, stream):
    port = host(responder("answer"), **({"stream": True} if stream else {})).port
    head = b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    answer = raw(port, head + MALFORMED_CHUNKS[name])
    assert answer.startswith(b"HTTP/1.1 400 "), answer


def test_version_1_0(served):
    answer = raw(served, b"GET /?n=1 HTTP/1.0\r\n\r\n")
    assert b"\r\nConnection: close\r\n" in answer and b"chunked" not in answer
    assert answer.endswith(b"\r\n\r\nanswer to n=1\n")


def test_absolute_target_and_close(served):
    answer = raw(served, b"GET http://localhost/a?n=2 HTTP/1.1\r\n" + HOST
                 + b"Connection: close\r\n\r\n")  # fmt: skip
    assert answer.endswith(b"\r\n\r\ne\r\nanswer to n=2\n\r\n0\r\n\r\n")


def test_every_split_of_a_request(served):
    request = (b"POST /?n=3 HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
               b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: 1\r\n\r\n")  # fmt: skip
    with Client(served) as client:
        for at in range(1, len(request)):
            client.socket.sendall(request[:at])
            client.socket.sendall(request[at:])
            assert "X-Body" in dict(client.receive().fields), at


def test_expectation(host, scripted):
    port = host(scripted.address).port
    with Client(port) as client:
        client.socket.sendall(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n"
                              b"Expect: 100-continue\r\n\r\n")  # fmt: skip
        request = scripted.accept()
        assert client.socket.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.socket.sendall(b"abc")
        assert request.body() == b"abc"
        request.end(b"Content-Length: 1\r\n\r\nx")
        assert client.receive().body == b"x"


def test_expectation_of_a_chunked_body(served):
    with Client(served) as client:
        client.socket.sendall(b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n"
                              b"Expect: 100-continue\r\n\r\n")  # fmt: skip
        assert client.socket.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.socket.sendall(b"3\r\nabc\r\n0\r\n\r\n")
        assert client.receive().status == 200


def test_no_continue_for_who_is_refused(host, directory):
    port = host("unix:%s" % (directory / "nobody")).port
    answer = raw(port, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n"
                 b"Expect: 100-continue\r\n\r\n")  # fmt: skip
    assert answer.startswith(b"HTTP/1.1 503 ")


def test_streamed_body_of_unknown_length(host, scripted):
    port = host(scripted.address, stream=True).port
    with Client(port) as client:
        client.send("POST", "/", [("Transfer-Encoding", "chunked")])
        request = scripted.accept()
        assert "CONTENT_LENGTH" not in request.params
        for piece in (b"first", b"second"):
            client.socket.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
            assert request.next_record().content == piece
        client.socket.sendall(b"0\r\n\r\n")
        assert request.next_record().content == b""
        request.end(b"Content-Length: 0\r\n\r\n")
        assert client.receive().status == 200


def test_local_redirect(host, scripted):
    port = host(scripted.address).port
    with Client(port) as client:
        client.send("POST", "/a", [("Content-Type", "text/plain")], b"abc")
        first = scripted.accept()
        assert first.body() == b"abc"
        first.end(b"Location: /b?c=d\r\n\r\n")
        second = scripted.accept()
        assert (second.params["REQUEST_METHOD"], second.params["QUERY_STRING"]) == ("GET", "c=d")
        assert "CONTENT_LENGTH" not in second.params and "CONTENT_TYPE" not in second.params
        second.end(b"Content-Length: 2\r\n\r\nok")
        assert client.receive().body == b"ok"


def test_script_and_path(host, scripted):
    port = host(scripted.address, root="/srv", script=".php").port
    assert get(port, "/nothing.txt").status == 404
    with Client(port) as client:
        client.send("GET", "/a/b.php/c/d?e")
        params = scripted.accept().params
    assert (params["SCRIPT_FILENAME"], params["PATH_INFO"]) == ("/srv/a/b.php", "/c/d")
    assert (params["REMOTE_ADDR"], params["SERVER_PORT"]) == ("127.0.0.1", str(port))


def test_idle_connections_and_slow_heads_end(host, responder):
    port = host(responder("answer"), idle_timeout=200, request_timeout=400).port
    began = time.monotonic()
    with Client(port) as idle, Client(port) as slow:
        assert idle.request("GET", "/").status == 200
        slow.socket.sendall(b"GET / HTTP/1.1\r\n")
        assert idle.receive() is None
        assert slow.receive().status == 408
        assert time.monotonic() - began >= 0.4
