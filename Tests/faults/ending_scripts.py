# SPDX-License-Identifier: Apache-2.0
"""Scripts that end early or never, and what is done before a request is read."""

import socket
import struct

import fastcgi
from fastcgi import STDERR, STDOUT, end_request, record, stream
from scripts import (
    EARLY, HEAD, SECONDS, UNKNOWN, at_accept, begins, begun, body_of, pieces_of, script
)  # fmt: skip

# ------------------------------------------------------------------------------------- ends early


@script
def cut(talk):
    """The answer's beginning, then a close: orderly, by reset, or of one direction."""
    how = talk.options["how"]
    # What is unread on a Unix socket makes a reset.
    if "unread" not in talk.options and how != "rst":
        talk.read_body()
    talk.send(begins(talk))
    if how == "half":
        talk.connection.shutdown(socket.SHUT_WR)
        talk.stopped.wait(SECONDS)
        see_end(talk)
    else:
        talk.leave(how)


@script
def drops(talk):
    """Closes a kept connection when the next request comes, having read some of it."""
    talk.read_body()
    talk.send(*pieces_of(talk))
    fastcgi.receive_exactly(talk.connection, int(talk.options["read"]))
    if "sends" in talk.options:
        talk.send(b"\x01")
    talk.leave(talk.options["how"])


@script
def drops_idle(talk):
    """Closes a kept connection while it is idle."""
    talk.read_body()
    talk.send(*pieces_of(talk))
    talk.stopped.wait(SECONDS)
    talk.leave(talk.options["how"])


# --------------------------------------------------------------------------------- without an end


def endless(talk, piece, pause):
    talk.read_body()
    if "late" in talk.options:
        talk.send(begun(talk), record(STDOUT, talk.id, body_of(talk.query)[:5]))
    while not talk.stopped.wait(pause):
        talk.send(piece)
    see_end(talk)


def see_end(talk):
    """Reads what is sent up to the close, which only the gateway brings about."""
    while talk.connection.recv(1 << 20):
        pass
    talk.end("closed")


@script
def endless_stderr(talk):
    endless(talk, record(STDERR, talk.id, b"the same again\n" * 200), 0.001)


@script
def endless_head(talk):
    endless(talk, record(STDOUT, talk.id, b"X-Field: value\r\n" * 50), 0.001)


@script
def dripped_head(talk):
    endless(talk, record(STDOUT, talk.id, b"X"), 0.02)


@script
def endless_padding(talk):
    endless(talk, record(UNKNOWN, talk.id, padding=255) * 20, 0.001)


@script
def never_reads(talk):
    """Reads no byte of STDIN and answers nothing."""
    talk.stopped.wait(SECONDS)
    see_end(talk)


@script
def waits(talk):
    """Reads the request, sends the beginning of the answer, and the rest when nobody wants it."""
    talk.send(begins(talk))
    talk.sent.set()
    talk.read_body()
    talk.stopped.wait(SECONDS)
    talk.send(b"".join(pieces_of(talk))[len(begins(talk)) :])
    talk.is_answered = True


@script
def waits_long(talk):
    """Sends without end, until nobody wants it."""
    talk.read_body()
    endless(talk, record(STDOUT, talk.id, b"more of the body\n" * 1000), 0.001)


@script
def silent(talk):
    """Reads all, sends nothing, or what comes before the rest of its answer."""
    talk.read_body()
    talk.send(begins(talk))
    see_end(talk)


# ---------------------------------------------------------------------- before a request is read


@at_accept
def closes(connection):
    return False


@at_accept
def resets(connection):
    """By what is unread on a Unix socket, by the option on the others."""
    connection.recv(1, 0x2)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


@at_accept
def early_(connection):
    """A whole answer before a byte of the request was read."""
    connection.sendall(stream(STDOUT, 1, HEAD + b"\r\n" + EARLY) + end_request(1))
    return True
