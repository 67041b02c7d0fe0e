# SPDX-License-Identifier: Apache-2.0
"""More of what responder.py can do: what gateways are known to take the wrong way."""

import time

import fastcgi
from behaviours import (
    answer_for,
    behaviour,
    body_for,
    head_for,
    read_body,
    send,
)
from fastcgi import STDERR, STDIN, STDOUT, end_request, record, stream

# ------------------------------------------------------------------- ends before STDIN was read


@behaviour
def die_unread(request):
    """Closes when the params have ended, without an answer; never reads STDIN."""
    return False


@behaviour
def die_in_body_unread(request):
    """Sends half of its answer when the params have ended and closes; never reads STDIN."""
    send(request, stream(STDOUT, request.id, head_for() + b"half of it", end=False))
    return False


@behaviour
def fails_unread(request):
    """Answers with Status 404 when the params have ended and closes; never reads STDIN."""
    content = head_for(status=b"404 Not Found") + b"the application's own page\n"
    send(request, stream(STDOUT, request.id, content), end_request(request.id))
    return False


@behaviour
def redirects_unread(request):
    """Answers with the Location of a path of this host, closes; never reads STDIN."""
    content = b"Location: /local/?here=1\r\n\r\n"
    send(request, stream(STDOUT, request.id, content), end_request(request.id))
    return False


@behaviour
def head_then_end(request):
    """Sends its head and a line at once, and ends once the first of STDIN has come."""
    send(request, stream(STDOUT, request.id, head_for() + b"first\n", end=False))
    fastcgi.receive_record(request.connection)
    time.sleep(0.1)
    send(request, record(STDOUT, request.id), end_request(request.id))
    return False


@behaviour
def names_file_unread(request):
    """Names the file in its query as X-Sendfile, closes; never reads STDIN."""
    content = b"X-Sendfile: " + request.query + b"\r\nContent-Type: text/plain\r\n\r\n"
    send(request, stream(STDOUT, request.id, content), end_request(request.id))
    return False


@behaviour
def garbage_unread(request):
    """Answers with what is no FastCGI when the params have ended; never reads STDIN."""
    send(request, b"HTTP/1.1 200 OK\r\n\r\nthis is no FastCGI\n")
    return False


@behaviour
def silent_unread(request):
    """Never reads STDIN, never answers, waits for the gateway to close."""
    wait_for_close(request)
    return False


@behaviour
def keeps_unread(request):
    """Answers when the params have ended, keeps the connection, and notes what is sent next."""
    send(request, answer_for(request))
    ended = False
    while (piece := fastcgi.receive_record(request.connection)) is not None:
        if piece.type == fastcgi.BEGIN_REQUEST:
            request.note(b"next request %s" % (b"after STDIN" if ended else b"inside STDIN"))
            return False
        ended = ended or (piece.type == STDIN and not piece.content)
    return False


@behaviour
def notes_end(request):
    """Sends a head, then notes whether STDIN came to its end, was aborted, or broke off."""
    send(request, stream(STDOUT, request.id, head_for(), end=False))
    how = b"broken off"
    while piece := fastcgi.receive_record(request.connection):
        if piece.type == fastcgi.ABORT_REQUEST:
            how = b"aborted"
        elif not piece.content:
            how = b"ended in order"
            break
    request.note(how)
    return False


@behaviour
def endless(request):
    """Sends "data:" for ever with the Content-Type endless=TYPE, and answers what has none."""
    if read_body(request) is None:
        return False
    kind = request.query.partition(b"endless=")[2]
    if not kind:
        send(request, answer_for(request))
        return request.keep
    send(request, stream(STDOUT, request.id, b"Content-Type: %s\r\n\r\n" % kind, end=False))
    try:
        while True:
            send(request, stream(STDOUT, request.id, b"data: 1\n\n", end=False))
            time.sleep(0.02)
    except ConnectionError:
        return False


def wait_for_close(request):
    try:
        while request.connection.recv(1, 0x2):  # MSG_PEEK: what is sent stays unread.
            time.sleep(0.05)
    except ConnectionError:
        pass


# -------------------------------------------------------------------------------- odd in records


@behaviour
def end_in_head(request):
    """Ends STDOUT and the request in the middle of the response head."""
    read_body(request)
    send(request, stream(STDOUT, request.id, b"X-Part: of a head\r\nContent-Ty"))
    send(request, end_request(request.id))
    return False


@behaviour
def large_unknown(request):
    """Puts a record of an unknown type and 60,000 bytes before the end of its answer."""
    if read_body(request) is None:
        return False
    send(
        request,
        stream(STDOUT, request.id, head_for() + body_for(request.query), end=False),
        record(99, request.id, b"?" * 60000),
        record(STDOUT, request.id),
        end_request(request.id),
    )
    return request.keep


@behaviour
def end_in_pieces(request):
    """Sends END_REQUEST a few bytes at a time."""
    if read_body(request) is None:
        return False
    send(request, stream(STDOUT, request.id, head_for() + body_for(request.query)))
    end = end_request(request.id)
    for at in range(0, len(end), 5):
        time.sleep(0.02)
        send(request, end[at : at + 5])
    return request.keep


@behaviour
def much_padding(request):
    """Pads each record with 255 bytes."""
    if read_body(request) is None:
        return False
    content = head_for() + body_for(request.query)
    for at in range(0, len(content), 1000):
        send(request, record(STDOUT, request.id, content[at : at + 1000], padding=255))
    send(request, record(STDOUT, request.id, padding=255), end_request(request.id))
    return request.keep


@behaviour
def overloaded_once(request):
    """Answers END_REQUEST with OVERLOADED to a query with "first" in it, and well otherwise."""
    read_body(request)
    refused = b"first" in request.query
    send(request, end_request(request.id, 2) if refused else answer_for(request))
    return False


# --------------------------------------------------------------------------------- odd in heads


def answers_with_head(request, head):
    if read_body(request) is None:
        return False
    send(request, stream(STDOUT, request.id, head + body_for(request.query)))
    send(request, end_request(request.id))
    return request.keep


@behaviour
def long_field(request):
    """Answers with a field of 20,000 bytes."""
    return answers_with_head(request, head_for(more=b"X-Long: %s\r\n" % (b"v" * 20000)))


@behaviour
def huge_field(request):
    """Answers with a field of 20 MB."""
    read_body(request)
    head = head_for(more=b"X-Huge: %s\r\n" % (b"v" * 20_000_000))
    send(request, stream(STDOUT, request.id, head + body_for(request.query)))
    send(request, end_request(request.id))
    return False


@behaviour
def huge_head(request):
    """Answers with 2,000 fields of 1,000 bytes."""
    read_body(request)
    more = b"".join(b"X-%d: %s\r\n" % (n, b"v" * 990) for n in range(2000))
    send(request, stream(STDOUT, request.id, head_for(more=more) + body_for(request.query)))
    send(request, end_request(request.id))
    return False


@behaviour
def dripped_head(request):
    """Sends a head without an end, a byte each 50 milliseconds."""
    read_body(request)
    while True:
        send(request, record(STDOUT, request.id, b"X"))
        time.sleep(0.05)


@behaviour
def mixed_line_ends(request):
    """Ends a line of its head with LF and the head with LF CRLF."""
    return answers_with_head(request, b"Content-Type: text/plain\n\r\n")


@behaviour
def redirects_away(request):
    """Answers with the Location of another host and no Status."""
    return answers_with_head(request, b"Location: http://elsewhere.example/there\r\n\r\n")


@behaviour
def redirects_here(request):
    """Answers with the Location of a path of this host, no Status and no body."""
    read_body(request)
    send(request, stream(STDOUT, request.id, b"Location: /local/?here=1\r\n\r\n"))
    send(request, end_request(request.id))
    return request.keep


@behaviour
def two_lengths(request):
    """Answers with two Content-Lengths that differ."""
    return answers_with_head(request, head_for(more=b"Content-Length: 5\r\nContent-Length: 6\r\n"))


@behaviour
def switching(request):
    """Answers with Status 101."""
    return answers_with_head(request, head_for(status=b"101 Switching Protocols"))


@behaviour
def hop_by_hop(request):
    """Answers with fields of its own connection."""
    more = b"Connection: X-Mine\r\nX-Mine: 1\r\nKeep-Alive: timeout=9\r\nUpgrade: own\r\n"
    return answers_with_head(request, head_for(more=more))


# ------------------------------------------------------------------------------------- STDERR


@behaviour
def error_lines(request):
    """Writes two lines to STDERR in one record."""
    if read_body(request) is None:
        return False
    send(request, stream(STDERR, request.id, b"line one\nline two\n"), answer_for(request))
    return request.keep


@behaviour
def error_flood(request):
    """Writes 8 MB to STDERR, then answers."""
    if read_body(request) is None:
        return False
    line = b"the same complaint again\n" * 320
    for _ in range(1000):
        send(request, record(STDERR, request.id, line))
    send(request, answer_for(request))
    return request.keep


# ------------------------------------------------------------------------------------- in bulk


@behaviour
def bulk(request):
    """Counts STDIN without keeping it, and answers with "size=N" bytes made as they are sent."""
    received = 0
    while (piece := fastcgi.receive_record(request.connection)) is not None and piece.content:
        received += len(piece.content)
    if piece is None:
        return False
    head = head_for(more=b"X-Received: %d\r\n" % received)
    send(request, stream(STDOUT, request.id, head, end=False))
    left = int(request.query.partition(b"size=")[2] or 0)
    block = stream(STDOUT, request.id, bytes(65528), end=False)
    for _ in range(left // 65528):
        send(request, block)
    send(request, stream(STDOUT, request.id, bytes(left % 65528)), end_request(request.id))
    return request.keep
