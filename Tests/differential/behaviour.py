# SPDX-License-Identifier: Apache-2.0
"""What the scripted application may do: functions that make the coroutine of a case."""

import asyncio

from scripted_application import Gone

PLAIN = b"Content-Type: text/plain\r\n"
PAGE = b"the page of the application\n"


def head(status=None, *fields, end=b"\r\n"):
    """A CGI response head; fields are bytes "Name: value"."""
    lines = [b"Status: " + status] if status is not None else []
    return b"".join(line + b"\r\n" for line in (*lines, *fields)) + end


def answers(status=None, *fields, body=PAGE, content_type=b"text/plain"):
    """Reads all of the request and answers it whole, in one write."""
    if content_type is not None:
        fields = (b"Content-Type: " + content_type, *fields)
    return sends(head(status, *fields) + body)


def sends(content, read=True):
    """Reads all of the request, unless told not to, and sends content as its whole answer."""

    async def application(exchange):
        if read:
            await exchange.read()
        await exchange.answer(content)

    return application


def echoes(exchange_head=head(b"200 OK", b"Content-Type: application/octet-stream")):
    """Reads all of the request and answers with its body."""

    async def application(exchange):
        await exchange.answer(exchange_head + await exchange.read())

    return application


def sends_pieces(first, *rest, seconds=0.02, read=True):
    """Sends its answer in pieces, with a pause between two of them."""

    async def application(exchange):
        if read:
            await exchange.read()
        await exchange.stdout(first)
        for piece in rest:
            await asyncio.sleep(seconds)
            await exchange.stdout(piece)
        await exchange.end()

    return application


def breaks_off(content=b"", after=None, reset=False, ends_stdout=False):
    """Reads what it is told to (all, or so many bytes), sends content, and is gone."""

    async def application(exchange):
        await exchange.read(after)
        if content:
            await exchange.stdout(content, end=ends_stdout)
        exchange.reset() if reset else exchange.close()

    return application


def complains(complaint, content=head(None, b"Content-Type: text/plain") + PAGE):
    """Writes complaint to STDERR, and then its whole answer."""

    async def application(exchange):
        await exchange.read()
        if complaint:
            await exchange.stderr(complaint, end=True)
        await exchange.answer(content)

    return application


def hangs(after=0, content=b""):
    """Reads so many bytes, sends content, and then nothing, until the web server is gone."""

    async def application(exchange):
        if after:
            await exchange.read(after)
        if content:
            await exchange.stdout(content)
        try:
            while True:
                if exchange.input == "whole":
                    await until_gone(exchange)
                await exchange.piece()
        except Gone:
            exchange.close()

    return application


async def until_gone(exchange):
    """Waits until the web server aborts or closes, after all of STDIN was read."""
    whole = exchange.input
    try:
        await exchange.piece()
    finally:
        exchange.ended_by, exchange.input = exchange.input, whole
