# SPDX-License-Identifier: Apache-2.0
"""What responder.py can do with a request. The first line of each behaviour says it.

A behaviour is handed a request whose params have been read. It answers True when the connection
may take another request; otherwise the connection is closed, with whatever is unread.
"""

import hashlib
import re
import select
import time

import fastcgi
from fastcgi import STDERR, STDIN, STDOUT, end_request, record, stream

BEHAVIOURS = {}

# What an application says of itself in every head here, and a field that comes twice.
FIELDS = b"Content-Type: text/plain\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"


def behaviour(function):
    BEHAVIOURS[function.__name__.replace("_", "-")] = function
    return function


def body_for(query):
    """The body that answers a query string: it names the query, "size=N" in it sets the length."""
    line = b"answer to " + query + b"\n"
    wanted = re.search(rb"\bsize=(\d+)", query)
    if not wanted:
        return line
    size = int(wanted.group(1))
    return (line * (size // len(line) + 1))[:size]


def head_for(status=b"200 OK", more=b""):
    return b"Status: " + status + b"\r\n" + FIELDS + more + b"\r\n"


def answer_for(request, body=None, more=b""):
    """A whole response: head, body, the end of STDOUT, END_REQUEST."""
    body = body_for(request.query) if body is None else body
    content = head_for(more=more) + body
    return stream(STDOUT, request.id, content) + end_request(request.id)


def send(request, *pieces):
    request.connection.sendall(b"".join(pieces))


def read_body(request):
    """STDIN to its end, which an authorizer has none of; None when the peer closes before."""
    pieces = []
    if request.role == fastcgi.AUTHORIZER:
        return b""
    while True:
        piece = fastcgi.receive_record(request.connection)
        if piece is None or piece.type != STDIN:
            return None
        if not piece.content:
            return b"".join(pieces)
        pieces.append(piece.content)


# ------------------------------------------------------------------------------- well-behaved


@behaviour
def answer(request):
    """Reads all of the request, answers, keeps the connection if asked."""
    body = read_body(request)
    if body is None:
        return False
    digest = b""
    if body:
        digest = b"X-Body: %d %s\r\n" % (len(body), hashlib.sha256(body).hexdigest().encode())
    send(request, answer_for(request, more=digest))
    return request.keep


@behaviour
def echo(request):
    """Sends each piece of the request body back as soon as it has it."""
    send(request, stream(STDOUT, request.id, head_for(), end=False))
    while True:
        piece = fastcgi.receive_record(request.connection)
        if piece is None or piece.type != STDIN:
            return False
        if not piece.content:
            break
        send(request, stream(STDOUT, request.id, piece.content, end=False))
    send(request, record(STDOUT, request.id), end_request(request.id))
    return request.keep


@behaviour
def show_params(request):
    """Answers with the params, a "NAME=value" line each, in the order of their names."""
    if read_body(request) is None:
        return False
    lines = [name + b"=" + value + b"\n" for name, value in sorted(request.params.items())]
    send(request, answer_for(request, b"".join(lines)))
    return request.keep


@behaviour
def interim(request):
    """Sends interim heads when the params have ended, then reads all and answers."""
    heads = b"Status: 100\r\n\r\n" + b"Status: 103 Early Hints\r\nLink: </a>; rel=preload\r\n"
    heads += b"Link: </b>; rel=preload\r\nConnection: close\r\n\r\nStatus: 102\r\n\r\n"
    send(request, stream(STDOUT, request.id, heads, end=False))
    return answer(request)


@behaviour
def error_text(request):
    """Writes a line to STDERR before the head, and one in the middle of the body."""
    if read_body(request) is None:
        return False
    body = body_for(request.query)
    half = len(body) // 2
    send(
        request,
        stream(STDERR, request.id, b"first complaint\n", end=False),
        stream(STDOUT, request.id, head_for() + body[:half], end=False),
        stream(STDERR, request.id, b"second complaint\n"),
        stream(STDOUT, request.id, body[half:]),
        end_request(request.id),
    )
    return request.keep


@behaviour
def unknown_records(request):
    """Puts records of unknown types and of request id 0 between those of its answer."""
    if read_body(request) is None:
        return False
    send(
        request,
        record(99, request.id, b"?" * 300),
        stream(STDOUT, request.id, head_for(), end=False),
        record(fastcgi.UNKNOWN_TYPE, 0, b"\x63" + bytes(7)),
        stream(STDOUT, request.id, body_for(request.query)),
        end_request(request.id),
    )
    return request.keep


@behaviour
def drip(request):
    """Reads all, then sends its answer a byte at a time, two milliseconds apart."""
    if read_body(request) is None:
        return False
    for byte in answer_for(request):
        request.connection.sendall(bytes([byte]))
        time.sleep(0.002)
    return request.keep


# ---------------------------------------------------------------------------- does not read STDIN


@behaviour
def early_close(request):
    """Answers when the params have ended and closes at once; never reads STDIN."""
    send(request, answer_for(request))
    return False


@behaviour
def early_answer(request):
    """Answers when the params have ended, and only then reads STDIN to its end."""
    send(request, answer_for(request))
    return read_body(request) is not None and request.keep


@behaviour
def never_reads(request):
    """Answers when the params have ended, never reads STDIN, waits for the gateway to close."""
    send(request, answer_for(request))
    poller = select.poll()
    poller.register(request.connection, select.POLLRDHUP)
    poller.poll(60000)
    return False


# ----------------------------------------------------------------------------------------- breaks


@behaviour
def die_before_head(request):
    """Reads all and closes without an answer."""
    read_body(request)
    return False


@behaviour
def die_in_head(request):
    """Closes in the middle of the response head."""
    read_body(request)
    send(request, stream(STDOUT, request.id, b"Status: 200 OK\r\nContent-Ty", end=False))
    return False


@behaviour
def die_after_head(request):
    """Closes after the response head, before a byte of the body."""
    read_body(request)
    send(request, stream(STDOUT, request.id, head_for(), end=False))
    return False


@behaviour
def die_in_body(request):
    """Closes in the middle of a record of the response body."""
    read_body(request)
    whole = stream(STDOUT, request.id, head_for() + body_for(request.query), end=False)
    send(request, whole[:-12])
    return False


@behaviour
def die_before_end(request):
    """Sends head and body, closes without the empty STDOUT record and END_REQUEST."""
    read_body(request)
    send(request, stream(STDOUT, request.id, head_for() + body_for(request.query), end=False))
    return False


@behaviour
def die_after_small_records(request):
    """Sends head and body in records of 16 bytes, closes without another one."""
    read_body(request)
    content = head_for() + body_for(request.query)
    pieces = [content[at : at + 16] for at in range(0, len(content), 16)]
    send(request, *(stream(STDOUT, request.id, piece, end=False) for piece in pieces))
    return False


@behaviour
def die_in_end(request):
    """Sends head and body, closes in the middle of END_REQUEST."""
    read_body(request)
    content = head_for() + body_for(request.query)
    send(request, stream(STDOUT, request.id, content, end=False), end_request(request.id)[:11])
    return False


@behaviour
def die_after_stdout_end(request):
    """Sends head, body and STDOUT's end, closes without END_REQUEST (as uWSGI may)."""
    read_body(request)
    send(request, stream(STDOUT, request.id, head_for() + body_for(request.query)))
    return False


@behaviour
def die_after_length(request):
    """Sends a body as long as its Content-Length says, closes without another record."""
    read_body(request)
    body = body_for(request.query)
    head = head_for(more=b"Content-Length: %d\r\n" % len(body))
    send(request, stream(STDOUT, request.id, head + body, end=False))
    return False


@behaviour
def close_after(request):
    """Reads all, answers as if it kept the connection, and closes right after."""
    if read_body(request) is not None:
        send(request, answer_for(request))
    return False


@behaviour
def hang(request):
    """Reads all and never answers, until the gateway closes."""
    read_body(request)
    request.connection.recv(1)
    return False


# ----------------------------------------------------------------------------- says no, or nonsense


@behaviour
def no_head(request):
    """Ends the request with REQUEST_COMPLETE and no byte of STDOUT."""
    read_body(request)
    send(request, end_request(request.id))
    return False


@behaviour
def empty_stdout(request):
    """Ends STDOUT and the request without a byte of head."""
    read_body(request)
    send(request, record(STDOUT, request.id), end_request(request.id))
    return False


@behaviour
def overloaded(request):
    """Answers END_REQUEST with OVERLOADED."""
    send(request, end_request(request.id, fastcgi.OVERLOADED))
    return False


@behaviour
def cannot_multiplex(request):
    """Answers END_REQUEST with CANT_MPX_CONN."""
    send(request, end_request(request.id, fastcgi.CANT_MPX_CONN))
    return False


@behaviour
def unknown_role(request):
    """Answers END_REQUEST with UNKNOWN_ROLE."""
    send(request, end_request(request.id, fastcgi.UNKNOWN_ROLE))
    return False


@behaviour
def wrong_id(request):
    """Answers with the records of a request id that was never begun."""
    read_body(request)
    body = body_for(request.query)
    send(request, stream(STDOUT, 777, head_for() + body), end_request(777))
    return False


@behaviour
def bad_version(request):
    """Answers in records of version 2."""
    read_body(request)
    send(request, record(STDOUT, request.id, head_for() + body_for(request.query), version=2))
    return False


@behaviour
def malformed_head(request):
    """Answers with a head that has a line without a colon."""
    read_body(request)
    send(
        request,
        stream(STDOUT, request.id, b"Status: 200 OK\r\nno colon here\r\n\r\nbody"),
        end_request(request.id),
    )
    return False


@behaviour
def short_body(request):
    """Declares a Content-Length ten bytes longer than its body, and ends the request."""
    read_body(request)
    body = body_for(request.query)
    send(request, answer_for(request, more=b"Content-Length: %d\r\n" % (len(body) + 10)))
    return False


@behaviour
def long_body(request):
    """Declares the Content-Length of its body and sends ten bytes more."""
    read_body(request)
    body = body_for(request.query)
    more = b"Content-Length: %d\r\n" % len(body)
    send(request, answer_for(request, body + b"0123456789", more=more))
    return False


@behaviour
def trailing_bytes(request):
    """Sends another whole answer after END_REQUEST, to a request that nobody made."""
    read_body(request)
    forged = stream(STDOUT, request.id, head_for() + b"forged\n") + end_request(request.id)
    send(request, answer_for(request), forged)
    return request.keep
