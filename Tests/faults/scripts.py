# SPDX-License-Identifier: Apache-2.0
"""What the application does, by name: one fault each. The query's other words are its options.

A script that returns has kept the connection; one that has left it calls leave.
"""


from fastcgi import STDOUT, end_request, record, stream

SCRIPTS = {}
AT_ACCEPT = {}

# Longer than any wait of a gateway here.
SECONDS = 20

EARLY = b"early\n"
HEAD = b"Content-Type: text/plain\r\nX-Own: 1\r\n"
UNKNOWN = 99


def script(function):
    SCRIPTS[function.__name__.rstrip("_").replace("_", "-")] = function
    return function


def at_accept(function):
    AT_ACCEPT[function.__name__.rstrip("_").replace("_", "-")] = function
    return function


def body_of(query):
    """What answers a query, so that mixed-up answers show; "size=N" in it sets the length."""
    if query.startswith("fault=early&"):
        return EARLY
    line = b"answer to " + query.encode() + b"\n"
    size = query.partition("size=")[2].partition("&")[0]
    return (line * (int(size) // len(line) + 1))[: int(size)] if size else line


def declared(query):
    """The Content-Length: "length=N" makes it so much larger than the body. None: there is none."""
    _, declares, more = query.partition("&length=")
    return len(body_of(query)) + int(more.partition("&")[0]) if declares else None


def head_of(query):
    length = declared(query)
    field = b"" if length is None else b"Content-Length: %d\r\n" % length
    return HEAD + field + b"\r\n"


def layout(query):
    """Where in the bytes of a whole answer something is: `name` means just behind it."""
    head, body = len(head_of(query)), len(body_of(query))
    ends = {"nothing": 0, "header": 5, "in-head": 8 + 10, "head": 8 + head}
    ends["in-body"] = ends["head"] + 7
    ends["body"] = ends["head"] + body
    ends["stdout"] = ends["body"] + -(head + body) % 8 + 8
    ends["in-end"] = ends["stdout"] + 11
    ends["all"] = ends["stdout"] + 16
    return ends


def begins(talk):
    """The beginning of an answer, up to the place that the option names or to so many bytes."""
    at = talk.options.get("at", "nothing")
    end = int(at) if at.isdigit() else layout(talk.query)[at]
    return b"".join(pieces_of(talk))[:end]


def begun(talk):
    return stream(STDOUT, talk.id, head_of(talk.query), end=False)


def pieces_of(talk):
    """The records of a whole answer."""
    content = head_of(talk.query) + body_of(talk.query)
    return [stream(STDOUT, talk.id, content, end=False), record(STDOUT, talk.id),
            end_request(talk.id)]  # fmt: skip


def finish(talk):
    if not talk.keep:
        talk.leave()


# ----------------------------------------------------------------------------------- well-behaved


@script
def answer(talk):
    """Reads all, answers, keeps the connection."""
    if talk.read_body():
        talk.send(*pieces_of(talk))
        finish(talk)


@script
def last(talk):
    """The same, and closes."""
    if talk.read_body():
        talk.send(*pieces_of(talk))
    talk.leave()


@script
def shows(talk):
    """Answers with the params and the length of the body."""
    talk.read_body()
    lines = [name + b"=" + value for name, value in sorted(talk.params.items())]
    content = HEAD + b"\r\n" + b"\n".join(lines)
    talk.send(stream(STDOUT, talk.id, content), end_request(talk.id))
    finish(talk)


@script
def early(talk):
    """Has answered when it accepted: see at_accept's early."""
    talk.read_body()
    finish(talk)


@script
def drips(talk):
    """Sends its answer a byte at a time."""
    talk.read_body()
    for byte in b"".join(pieces_of(talk)):
        talk.send(bytes([byte]))
    finish(talk)
