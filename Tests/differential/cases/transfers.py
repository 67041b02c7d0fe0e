# SPDX-License-Identifier: Apache-2.0
"""Uploads and downloads that the client breaks off, at each stage, and applications that do not
read what they are sent."""

import asyncio

from behaviour import PAGE, head, sends
from case_table import Case
from raw_client import Request, sends_request
from scripted_application import Gone

SHORT = 60
THROUGH = ("unix", "unix kept", "tcp", "tcp kept")
FIRST = head(None, b"Content-Type: text/plain")


def leaves_upload(request, size, reset=False, half=False):
    """Sends the head and so many bytes of the body, and goes."""

    async def client(run, connect):
        connection = await connect()
        await connection.send(request.head(run.case.id) + request.content()[:size])
        await until(lambda: run.exchanges and run.exchanges[0].input_length >= min(size, 1))
        if half:
            connection.socket.shutdown(1)
            await connection.receive(request.method)
        connection.leave(reset)

    return client


def leaves_download(request, size, reset=False):
    """Takes so many bytes of the answer, and goes."""

    async def client(run, connect):
        connection = await connect(receive_buffer=8192)
        await connection.send(request.head(run.case.id) + request.content())
        if size:
            while connection.received < size and await connection.more():
                pass
        else:
            await until(lambda: run.exchanges and run.exchanges[0].input == "whole")
        connection.leave(reset)

    return client


async def until(holds, seconds=3):
    for _ in range(seconds * 100):
        if holds():
            return
        await asyncio.sleep(0.01)


def answers_large(size, seconds=0):
    """Reads all, and answers with so many bytes, in pieces."""

    async def application(exchange):
        await exchange.read()
        await exchange.stdout(FIRST)
        for at in range(0, size, 60_000):
            await exchange.stdout(b"x" * min(60_000, size - at))
            if seconds:
                await asyncio.sleep(seconds)
        await exchange.end()

    return application


def reads_what_comes(exchange_head=FIRST):
    """Reads until there is no more, however that shows, and answers."""

    async def application(exchange):
        try:
            await exchange.read()
        except Gone:
            exchange.close()
            raise
        await exchange.answer(exchange_head + PAGE)

    return application


def reads_late(seconds):
    async def application(exchange):
        await asyncio.sleep(seconds)
        await exchange.read()
        await exchange.answer(FIRST + PAGE)

    return application


def answers_first():
    """Answers, and then reads what is left."""

    async def application(exchange):
        await exchange.answer(FIRST + PAGE)
        try:
            await exchange.read()
        except Gone:
            exchange.close()

    return application


def cases(_random):
    body = b"0123456789" * 100_000
    for fragment in THROUGH:
        for size in (0, 1, 5000, 100_000, 900_000):
            for reset in (False, True):
                for method in ("POST", "PUT"):
                    request = Request(method=method, body=body)
                    kind = "reset" if reset else "closed"
                    yield Case(
                        "%s left at %d, %s, %s" % (method, size, kind, fragment), fragment,
                        leaves_upload(request, size, reset), reads_what_comes(), partial=True,
                        slow=True,
                    )  # fmt: skip
        # Stock uses a kept connection again that still has the rest of another answer.
        for size in () if "kept" in fragment else (0, 1, 100_000, 2_000_000):
            for reset in (False, True):
                kind = "reset" if reset else "closed"
                yield Case(
                    "download left at %d, %s, %s" % (size, kind, fragment), fragment,
                    leaves_download(Request(), size, reset), answers_large(6_000_000),
                    partial=True, slow=True,
                )  # fmt: skip
        for size in (0, 1, 1000, 60_000, 200_000, 1_000_000):
            for name, application in (
                ("read late", reads_late(0.05)), ("answered first", answers_first()),
                ("not read", sends(FIRST + PAGE, read=False)),
            ):  # fmt: skip
                # Stock may answer the next request of a kept connection with the rest of this one.
                if name != "read late" and ("kept" in fragment or size > 1000):
                    continue
                request = Request(method="POST", body=body[:size])
                yield Case("%s %d %s" % (name, size, fragment), fragment, sends_request(request),
                           application, partial=True)  # fmt: skip
