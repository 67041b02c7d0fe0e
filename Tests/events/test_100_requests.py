# SPDX-License-Identifier: Apache-2.0
"""The epoll host before real applications, watched level- and edge-triggered."""

import hashlib
import threading

import pytest
from http_client import Client, get, post


@pytest.fixture(params=["level", "edge"])
def served(request, host, application):
    """The host before an application; its port."""
    options = {"edge": True} if request.param == "edge" else {}
    return host(application.address, file=application.script, keep=True, **options).port


def digest(body):
    return b"%d %s\n" % (len(body), hashlib.sha256(body).hexdigest().encode())


def pattern(size):
    return bytes(i * 7 % 251 for i in range(65521)) * (size // 65521) + bytes(size % 65521)


def chunks(body, size):
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    coded = [b"%x;extension=1\r\n%s\r\n" % (len(piece), piece) for piece in pieces]
    return b"".join(coded) + b"0\r\nX-Trailer: 1\r\n\r\n"


def test_get(served):
    answer = get(served, "/x?case=id&token=abc")
    assert (answer.status, answer.body, answer.whole) == (200, b"abc\n", True)


@pytest.mark.parametrize("size", [0, 1, 65536, 5_000_000])
def test_post(served, size):
    body = pattern(size)
    answer = post(served, "/x?case=post", body)
    assert (answer.status, answer.body, answer.whole) == (200, digest(body), True)


@pytest.mark.parametrize("size", [0, 100_000, 5_000_000])
def test_chunked_upload(served, size):
    body = pattern(size)
    with Client(served) as client:
        client.send("POST", "/x?case=post", [("Transfer-Encoding", "chunked")])
        client.socket.sendall(chunks(body, 30_000))
        answer = client.receive()
        assert (answer.status, answer.body) == (200, digest(body))
        assert client.request("GET", "/x?case=id&token=next").body == b"next\n"


def test_response_of_megabytes(served):
    sized = get(served, "/x?case=down&size=3000000&length=1")
    unsized = get(served, "/x?case=down&size=3000000&length=0")
    assert (len(sized.body), sized.whole, unsized.whole) == (3_000_000, True, True)
    assert sized.body == unsized.body
    assert ("Transfer-Encoding", "chunked") in unsized.fields


def test_many_on_one_connection(served):
    with Client(served) as client:
        for number in range(50):
            assert client.request("GET", "/x?case=id&token=t%d" % number).body == b"t%d\n" % number
        head = client.request("HEAD", "/x?case=head")
        assert ("X-Method", "HEAD") in head.fields and ("Content-Length", "6") in head.fields
        assert client.request("GET", "/x?case=unmodified").status == 304
        assert client.request("GET", "/x?case=missing").status == 404
        cookies = client.request("GET", "/x?case=cookies")
        assert len([1 for name, _ in cookies.fields if name == "Set-Cookie"]) == 3


def test_body_that_is_not_read_closes_the_connection(served):
    body = pattern(5_000_000)
    with Client(served) as client:
        answer = client.request("POST", "/x?case=unread", body=body)
        assert (answer.status, answer.body) == (200, b"unread\n")


def test_pipelined_requests_are_answered_in_order(served):
    lines = b"".join(
        b"POST /x?case=post HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s"
        % (size, bytes(size)) + b"GET /x?case=id&token=p%d HTTP/1.1\r\nHost: a\r\n\r\n" % size
        for size in (0, 3, 40_000))  # fmt: skip
    with Client(served) as client:
        client.socket.sendall(lines)
        for size in (0, 3, 40_000):
            assert client.receive().body == digest(bytes(size))
            assert client.receive().body == b"p%d\n" % size


def test_many_at_once(served):
    wrong = []

    def ask(thread):
        with Client(served) as client:
            for number in range(20):
                token = "t%d-%d" % (thread, number)
                answer = client.request("GET", "/x?case=id&token=" + token)
                if answer is None or answer.body != token.encode() + b"\n":
                    wrong.append((token, answer))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
