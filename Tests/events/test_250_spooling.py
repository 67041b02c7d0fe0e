# SPDX-License-Identifier: Apache-2.0
"""Chunked uploads, which the library gathers before it asks the application."""

import hashlib
import resource
import socket

import pytest
from http_client import Client, get

POST = b"POST /x?case=post HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


def digest(body):
    return b"%d %s\n" % (len(body), hashlib.sha256(body).hexdigest().encode())


def chunk(piece):
    return b"%x\r\n%s\r\n" % (len(piece), piece)


@pytest.mark.parametrize("ends", ["with the last piece", "alone"])
@pytest.mark.parametrize(
    "size, count", [(1, 0), (5, 1), (1, 300), (65_536, 1), (65_537, 1), (9_000, 50)])
def test_uploads_that_come_slowly(host, php, size, count, ends):
    port = host(php.address, file=php.script).port
    pieces = [bytes([i % 251]) * size for i in range(count)]
    end = b"0\r\n\r\n"
    with Client(port) as client:
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.socket.sendall(POST)
        for piece in pieces[:-1]:
            client.socket.sendall(chunk(piece))
        last = b"".join(map(chunk, pieces[-1:]))
        for part in [last + end] if ends != "alone" else [last, end]:
            client.socket.sendall(part)
        answer = client.receive()
        assert (answer.status, answer.body) == (200, digest(b"".join(pieces)))
        assert client.request("GET", "/x?case=id&token=next").body == b"next\n"


def test_the_application_is_asked_when_the_body_has_ended(host, scripted):
    port = host(scripted.address).port
    with Client(port) as client, Client(port) as other:
        client.socket.sendall(POST + chunk(b"abc"))
        # The host has other work meanwhile.
        other.send("GET", "/other")
        first = scripted.accept()
        assert first.params["REQUEST_URI"] == "/other"
        first.end(b"Content-Length: 0\r\n\r\n")
        assert other.receive().status == 200
        client.socket.sendall(chunk(b"defg") + b"0\r\n\r\n")
        request = scripted.accept()
        assert request.params["CONTENT_LENGTH"] == "7" and request.body() == b"abcdefg"
        request.end(b"Content-Length: 0\r\n\r\n")
        assert client.receive().status == 200


def test_an_upload_that_breaks_off_reaches_nobody(host, scripted):
    port = host(scripted.address).port
    with Client(port) as client:
        client.socket.sendall(POST + chunk(b"a" * 100_000))
    with Client(port) as other:
        other.send("GET", "/next")
        request = scripted.accept()
        assert request.params["REQUEST_URI"] == "/next"
        request.end(b"Content-Length: 0\r\n\r\n")
        assert other.receive().status == 200


def test_larger_than_allowed(host, php):
    port = host(php.address, file=php.script, max_body="100000").port
    with Client(port) as client:
        client.socket.sendall(POST + chunk(b"a" * 60_000) + chunk(b"a" * 40_001))
        answer = client.receive()
        assert (answer.status, answer.whole) == (413, True)


def test_no_room_for_the_file(host, php):
    """The host is told, and lives; the application is not asked."""

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (80_000, 80_000))

    running = host(php.address, file=php.script, limits=limit)
    with Client(running.port) as client:
        client.socket.sendall(POST + chunk(b"a" * 70_000) + chunk(b"b" * 70_000) + b"0\r\n\r\n")
        assert client.receive().status == 503
    assert "the body cannot be spooled: File too large" in running.read_log()
    assert get(running.port, "/x?case=id&token=alive").body == b"alive\n"
