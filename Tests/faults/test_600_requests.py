# SPDX-License-Identifier: Apache-2.0
"""Requests that are hostile: what the application is told, and what is refused."""

import socket

import pytest
from client import Client
from gateway import DRIVERS, Backend, Request
from rows import query_of

MANY = [(b"X-Field-%d" % n, b"v") for n in range(10_000)]
COLLIDING = [(b"X-A", b"right"), (b"X_A", b"forged"), (b"X.A", b"forged"), (b"X A", b"forged")]
PROXY = [(b"Proxy", b"http://evil.example/"), (b"pRoXy", b"http://evil.example/")]
LENGTHS = [(b"Content-Length", b"5"), (b"Transfer-Encoding", b"chunked")]


def is_server(column):
    return column.is_server


def is_driver(column):
    return not column.is_server


# ---------------------------------------------------------------------------------------- by httpd


def received(port, text):
    """All that the server sends to these bytes, up to its close."""
    pieces = []
    with socket.create_connection(("127.0.0.1", port), 3) as connection:
        connection.sendall(text)
        try:
            while piece := connection.recv(1 << 16):
                pieces.append(piece)
        except (TimeoutError, ConnectionResetError):
            pass
    return b"".join(pieces)


def head(target, *lines, method="GET"):
    fields = [b"Host: localhost", b"Connection: close", *lines]
    return b"\r\n".join([b"%s %s HTTP/1.1" % (method.encode(), target), *fields]) + b"\r\n\r\n"


def status_of(answer):
    return answer[9:12].decode() if answer.startswith(b"HTTP/1.1 ") else "none"


# The title, the request with %s for its query, the statuses that are right, and what has to hold
# of the params where it is run.
REQUESTS = [
    ("10,000 fields", head(b"/unix/?%s", *(b"%s: %s" % field for field in MANY)), ["200"],
     lambda params: sum(name.startswith(b"HTTP_X_FIELD_") for name in params) == 10_000),
    ("a target of 1 MB", head(b"/unix/?%s&pad=" + b"x" * 1_000_000), ["431"], None),
    ("a path of 1 MB", head(b"/unix/" + b"x" * 1_000_000 + b"?%s"), ["403", "414", "431"], None),
    ("Proxy", head(b"/unix/?%s", *(b"%s: %s" % field for field in PROXY)), ["200"],
     lambda params: b"HTTP_PROXY" not in params),
    ("names that are one", head(b"/unix/?%s", b"X-A: right", b"X_A: forged", b"X.A: forged"),
     ["200"], lambda params: params[b"HTTP_X_A"] == b"right"),
    ("a NUL in the path, encoded", head(b"/unix/a%%00b?%s"), ["400", "404"], None),
    ("a NUL in the path", head(b"/unix/a\0b?%s"), ["400"], None),
    ("a newline in the path, encoded", head(b"/unix/a%%0AHTTP_X_A=forged?%s"), ["200", "403"],
     lambda params: b"HTTP_X_A" not in params),
    ("a newline in a field", head(b"/unix/?%s", b"X-A: a\nX-B: b"), ["200", "400"],
     lambda params: params.get(b"HTTP_X_A", b"a") == b"a"),
    ("a NUL in a field", head(b"/unix/?%s", b"X-A: a\0b"), ["400"], None),
]  # fmt: skip


@pytest.mark.parametrize("title, text, statuses, holds", REQUESTS, ids=[r[0] for r in REQUESTS])
def test_request(table, title, text, statuses, holds):
    def play(column, case):
        query = query_of("shows")
        answer = received(column.port, text.replace(b"%s", query.encode()).replace(b"%%", b"%"))
        status, talks = status_of(answer), table.application.talks(query)
        cell = status + (", run" if talks else "")
        if status not in statuses or bool(talks) != (status == "200"):
            return cell, cell
        is_wrong = talks and not holds(talks[-1].params)
        return cell, "params %s" % talks[-1].params if is_wrong else None

    table.row("request: " + title, None, play=play, only=is_server)


SMUGGLED = b"GET /unix/?fault=shows&n=smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHUNKED = b"5\r\nfive!\r\n0\r\n\r\n"
# The framing, the bytes behind the head, and the body that it may be, or a refusal.
FRAMINGS = [
    ("Content-Length and Transfer-Encoding",
     (b"Content-Length: 5", b"Transfer-Encoding: chunked"), CHUNKED, b"five!"),
    ("two Content-Lengths", (b"Content-Length: 5", b"Content-Length: 6"), b"five!", None),
    ("a list of Content-Lengths", (b"Content-Length: 5, 6",), b"five!", None),
    ("a signed Content-Length", (b"Content-Length: +5",), b"five!", None),
    ("a negative Content-Length", (b"Content-Length: -5",), b"five!", None),
    ("an unknown transfer coding", (b"Transfer-Encoding: own",), CHUNKED, None),
    ("chunked, but not last", (b"Transfer-Encoding: chunked, own",), CHUNKED, None),
    ("a space before the colon", (b"Transfer-Encoding : chunked",), CHUNKED, None),
    ("a chunk size that overflows", (b"Transfer-Encoding: chunked",),
     b"FFFFFFFFFFFFFFFFF5\r\nfive!\r\n0\r\n\r\n", None),
    ("an underscore for the hyphen", (b"Content_Length: 70",), b"", b""),
]  # fmt: skip


@pytest.mark.parametrize("title, lines, body, taken", FRAMINGS, ids=[f[0] for f in FRAMINGS])
def test_framing(table, title, lines, body, taken):
    """One answer, and the application gets the body that the client's framing has, or nothing."""

    def play(column, case):
        query = query_of("shows")
        begin = head(b"/unix/?" + query.encode(), *lines, method="POST")
        answer = received(column.port, begin + body + SMUGGLED)
        talks = table.application.talks(query)
        status = status_of(answer)
        smuggled = table.application.talks("fault=shows&n=smuggled")
        cell = status + (", run" if talks else "") + (", SMUGGLED" if smuggled else "")
        wrong = None
        if answer.count(b"HTTP/1.1 ") != (status != "none") or smuggled:
            wrong = cell
        elif status == "200" and (taken is None or talks[-1].body != taken):
            wrong = "the body %r" % [talk.body for talk in talks]
        elif status == "200" and int(talks[-1].params.get(b"CONTENT_LENGTH", b"0")) != len(taken):
            wrong = "the length %r" % talks[-1].params.get(b"CONTENT_LENGTH")
        return cell, wrong

    table.row("framing: " + title, None, play=play, only=is_server)


def test_the_servers_still_serve(table):
    def play(column, case):
        query = query_of("answer")
        with Client(column.port) as client:
            status = client.request("GET", "/tcp/?" + query).status
        return str(status), None if status == 200 else "status %d" % status

    table.row("after all of it", None, play=play, only=is_server)


# -------------------------------------------------------------------------------- by the library

# The title, the target, the fields, gateway_request_http's status, and the outcome with its status.
LIBRARY_REQUESTS = [
    ("10,000 fields", b"/?%s", MANY, "GATEWAY_ERR_LIMIT", "bad-request", 431),
    ("a target of 1 MB", b"/?%s&pad=" + b"x" * 1_000_000, (), "GATEWAY_ERR_LIMIT", "bad-request",
     431),
    ("a path of 1 MB", b"/" + b"x" * 1_000_000 + b"?%s", (), "GATEWAY_ERR_LIMIT", "bad-request",
     431),
    ("a NUL in the path", b"/a\0b?%s", (), "GATEWAY_ERR_ENCODING", "bad-request", 400),
    ("a NUL in the path, encoded", b"/a%%00b?%s", (), "GATEWAY_ERR_ENCODING", "bad-request", 400),
    ("a newline in the path", b"/a\nb?%s", (), "GATEWAY_ERR_ENCODING", "bad-request", 400),
    ("a newline in the path, encoded", b"/a%%0Ab?%s", (), "GATEWAY_ERR_ENCODING", "bad-request",
     400),
    ("a NUL in a field", b"/?%s", [(b"X-A", b"a\0b")], "GATEWAY_ERR_ENCODING", "bad-request", 400),
    ("Proxy", b"/?%s", PROXY, "GATEWAY_OK", "complete", 200),
    ("names that are one", b"/?%s", COLLIDING, "GATEWAY_OK", "complete", 200),
    ("Content-Length and Transfer-Encoding", b"/?%s", LENGTHS, "GATEWAY_OK", "complete", 200),
]  # fmt: skip


@pytest.mark.parametrize("title, target, fields, status, outcome, http_status", LIBRARY_REQUESTS,
                         ids=[r[0] for r in LIBRARY_REQUESTS])  # fmt: skip
def test_library_request(table, title, target, fields, status, outcome, http_status):
    def play(column, case):
        query = query_of("shows")
        asked = target.replace(b"%s", query.encode()).replace(b"%%", b"%")
        with Backend(column.roads["unix"]) as backend, Request(backend) as request:
            was = request.http(b"GET", asked, fields)
            answer = DRIVERS[column.name](backend, request)
        talks = table.application.talks(query)
        cell = "%s, %s" % (answer.outcome, answer.status)
        if (was, answer.outcome, answer.status) != (status, outcome, http_status):
            return cell, "%s, %s" % (was, cell)
        if (len(talks) == 1) != (outcome == "complete"):
            return cell, "%d runs" % len(talks)
        params = talks[-1].params if talks else {}
        is_told = (
            b"HTTP_PROXY" not in params
            and params.get(b"HTTP_X_A", b"right") == b"right"
            and params.get(b"CONTENT_LENGTH", b"0") in (b"", b"0")
            and b"HTTP_TRANSFER_ENCODING" not in params
        )
        return cell, None if is_told else "params %s" % params

    table.row("request: %s, library" % title, None, play=play, only=is_driver)


def test_raw_param_with_a_nul(table):
    def play(column, case):
        query = query_of("shows")
        with Backend(column.roads["unix"]) as backend, Request(backend) as request:
            statuses = [request.param(b"QUERY_STRING", query.encode()),
                        request.param(b"HTTP_X", b"a\0b")]  # fmt: skip
            answer = DRIVERS[column.name](backend, request)
        cell = "%s, %s" % (answer.outcome, answer.status)
        is_refused = cell == "bad-request, 400" and not table.application.talks(query)
        return cell, None if is_refused and statuses == [0, 7006] else cell

    table.row("a NUL in a param, library", None, play=play, only=is_driver)
