# SPDX-License-Identifier: Apache-2.0
"""Clients that wait for 100 Continue, that are refused with a body on its way, or that stall."""

import asyncio

from behaviour import answers, echoes
from case_table import COMMON, Case, Fragment, Server
from httpd import load_modules
from raw_client import Request, note_after, sends_request

SHORT = 80
REFUSED = '<Location "/no">\n    Require all denied\n</Location>\n'
FRAGMENTS = {
    "refused": COMMON["unix"].lines + REFUSED,
    "refused with page": COMMON["unix"].lines + REFUSED + "ErrorDocument 403 /page\n",
    "hurried": COMMON["unix"].lines + "RequestReadTimeout body=1\n",
}
FRAGMENTS = {name: Fragment(lines) for name, lines in FRAGMENTS.items()}
SERVER = Server(load_modules("reqtimeout"))
APPLICATIONS = {"reads": answers(), "echoes": echoes()}


def expects(request, sends_at_once=0, waits=0.5):
    """Announces its body, with the first of it or not, and sends the rest when it is told to."""

    async def client(run, connect):
        connection = await connect()
        content = request.content()
        await connection.send(request.head(run.case.id) + content[:sends_at_once])
        try:
            await asyncio.wait_for(connection.more(), waits)
        except asyncio.TimeoutError:
            run.notes["first"] = "nothing"
        is_told = connection.buffer.startswith(b"HTTP/1.1 100")
        run.notes["told"] = is_told
        if is_told or sends_at_once or not connection.buffer:
            await connection.send(content[sends_at_once:])
        response = await connection.receive(request.method)
        await note_after(run, connection, response)

    return client


def stalls(request, after):
    """Sends its head and the first of its body, and nothing more."""

    async def client(run, connect):
        connection = await connect()
        await connection.send(request.head(run.case.id) + request.content()[:after])
        response = await connection.receive(request.method)
        await note_after(run, connection, response)

    return client


def request_of(size, is_chunked, fields=(), **more):
    body = b"x" * size
    chunks = tuple(body[at : at + 8000] for at in range(0, size, 8000)) if is_chunked else None
    return Request(method="POST", body=body, chunks=chunks, fields=fields, **more)


def cases(_random):
    expect = (("Expect", "100-continue"),)
    for size in (0, 1, 1000, 100_000):
        for is_chunked in (False, True):
            kind = "%d %s" % (size, "chunked" if is_chunked else "long")
            for version in ("1.1", "1.0"):
                if is_chunked and version == "1.0":
                    continue
                for name in ("reads", "echoes"):
                    for sent in {0, min(1, size), size}:
                        request = request_of(size, is_chunked, expect, version=version)
                        yield Case("expects %s %s %s %d sent" % (name, kind, version, sent), "unix",
                                   expects(request, sent), APPLICATIONS[name])  # fmt: skip
            for fragment in ("refused", "refused with page"):
                refused = request_of(size, is_chunked, expect, target="/no")
                yield Case("expects %s %s" % (kind, fragment), fragment, expects(refused),
                           answers())  # fmt: skip
                refused = request_of(size, is_chunked, target="/no")
                yield Case("sends %s %s" % (kind, fragment), fragment, sends_request(refused),
                           answers())  # fmt: skip
            if size:
                for after in {0, 1, size // 2}:
                    yield Case("stalls %s after %d" % (kind, after), "hurried",
                               stalls(request_of(size, is_chunked), after), answers(),
                               slow=True)  # fmt: skip
