# SPDX-License-Identifier: Apache-2.0
"""Scripts of records that are not as they should be."""

from fastcgi import END_REQUEST, STDERR, STDOUT, end_request, record, stream
from scripts import (
    HEAD, SECONDS, begun, body_of, finish, head_of, pieces_of, script
)  # fmt: skip


def sends(talk, *pieces):
    talk.read_body()
    talk.send(*pieces)
    if "leave" in talk.options:
        talk.leave()
    else:
        finish(talk)


@script
def version(talk):
    """The answer's first record, or its last ones, are of another version."""
    number = int(talk.options["number"])
    first, second, end = pieces_of(talk)
    if "late" in talk.options:
        sends(talk, first, bytes([number]) + second[1:], end)
    else:
        sends(talk, bytes([number]) + first[1:], second, end)


@script
def type_(talk):
    """A record of another type before the answer, or after its head."""
    odd = record(int(talk.options["number"]), int(talk.options.get("id", talk.id)), b"?" * 50)
    if "late" in talk.options:
        sends(talk, begun(talk), odd, stream(STDOUT, talk.id, body_of(talk.query)),
              end_request(talk.id))  # fmt: skip
    else:
        sends(talk, odd, *pieces_of(talk))


@script
def id_(talk):
    """All of the answer, or its end, or what comes behind its head, has another request id."""
    other = int(talk.options["number"])
    content = head_of(talk.query) + body_of(talk.query)
    wrong = [stream(STDOUT, other, content), end_request(other)]
    if "end" in talk.options:
        wrong[0] = stream(STDOUT, talk.id, content)
    if "late" in talk.options:
        wrong = [begun(talk), stream(STDOUT, other, body_of(talk.query)), end_request(other)]
    sends(talk, *wrong)


@script
def end_length(talk):
    """END_REQUEST has content of another length."""
    content = bytes(int(talk.options["number"]))
    sends(talk, *pieces_of(talk)[:2], record(END_REQUEST, talk.id, content))


@script
def lies(talk):
    """A record's header announces more or less, of content or padding, than there is."""
    content = head_of(talk.query) + body_of(talk.query)
    whole = bytearray(record(STDOUT, talk.id, content, padding=0))
    if "content" in talk.options:
        number = len(content) + int(talk.options["content"])
        whole[4:6] = number.to_bytes(2, "big")
    else:
        whole[6] = int(talk.options["padding"])
    sends(talk, bytes(whole), *pieces_of(talk)[1:])


@script
def padded(talk):
    """Each record has much padding; the last one's may be cut off."""
    content = head_of(talk.query) + body_of(talk.query)
    first = record(STDOUT, talk.id, content, padding=255) + record(STDOUT, talk.id, padding=255)
    end = record(END_REQUEST, talk.id, bytes(8), padding=255)
    sends(talk, first, end[: len(end) - int(talk.options.get("less", 0))])


@script
def reserved(talk):
    """The reserved byte of each header is set."""
    sends(talk, *(piece[:7] + b"\xff" + piece[8:] for piece in pieces_of(talk)))


@script
def ends(talk):
    """END_REQUEST with some protocol status, before an answer or behind its head."""
    first = begun(talk) if "late" in talk.options else b""
    sends(talk, first, end_request(talk.id, int(talk.options["status"])))


@script
def no_multiplexing_once(talk):
    """CANT_MPX_CONN, and an answer on the connection that comes next."""
    if talk.read_body():
        again = talk.options.setdefault("n", "") in REFUSED
        REFUSED.add(talk.options["n"])
        talk.send(*(pieces_of(talk) if again else [end_request(talk.id, 1)]))
        finish(talk)


# Which requests were refused once.
REFUSED = set()


@script
def no_head(talk):
    """REQUEST_COMPLETE without a head, without or with the end of STDOUT."""
    first = record(STDOUT, talk.id) if "stdout" in talk.options else b""
    sends(talk, first, end_request(talk.id))


@script
def after_end(talk):
    """Bytes after END_REQUEST: a forged answer, a record, a piece of one; with it, or later."""
    forged = HEAD + b"\r\nforged\n"
    extra = {
        "answer": b"".join(stream(STDOUT, i, forged) + end_request(i) for i in (1, 2)),
        "next": stream(STDOUT, 3 - talk.id, forged) + end_request(3 - talk.id),
        "same": stream(STDOUT, talk.id, forged) + end_request(talk.id),
        "record": record(STDERR, talk.id, b"late"),
        "byte": b"\x01",
        "garbage": b"HTTP/1.1 200 OK\r\n\r\n",
    }[talk.options["what"]]
    talk.read_body()
    if "later" in talk.options:
        talk.send(*pieces_of(talk))
        # The answer is with the gateway, and the connection idle.
        talk.stopped.wait(SECONDS)
        talk.send(extra)
        talk.sent.set()
    else:
        talk.send(*pieces_of(talk), extra)
    finish(talk)


@script
def stdout_after_end(talk):
    """More STDOUT behind the end of STDOUT."""
    more = stream(STDOUT, talk.id, b"more")
    sends(talk, *pieces_of(talk)[:2], more, end_request(talk.id))
