#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Answers "PID SERVED CROWDED QUERY" from an event loop, whose listening socket does not block."""

import asyncio
import os
import signal
import socket
import struct

HEADER = struct.Struct("!BBHHBx")
END_REQUEST, PARAMS, STDIN, STDOUT = 3, 4, 5, 6
served = 0


def query_of(params):
    """The value of QUERY_STRING in name-value pairs."""
    at, sizes = 0, []
    while at < len(params):
        size = params[at]
        at += 1
        if size >= 128:
            size = int.from_bytes(bytes([size & 127]) + params[at : at + 3], "big")
            at += 3
        sizes.append(size)
        if len(sizes) == 2:
            name = params[at : at + sizes[0]]
            value = params[at + sizes[0] : at + sum(sizes)]
            at += sum(sizes)
            sizes = []
            if name == b"QUERY_STRING":
                return value
    return b""


async def serve(reader, writer):
    global served
    params = b""
    while True:
        _, kind, identifier, size, padding = HEADER.unpack(await reader.readexactly(8))
        content = (await reader.readexactly(size + padding))[:size]
        if kind == PARAMS:
            params += content
        if kind == STDIN and not size:
            break
    query = query_of(params)
    served += 1
    number = served
    if b"sleep=" in query:
        await asyncio.sleep(int(query.split(b"sleep=")[1]) / 1000)
    answer = b"Content-Type: text/plain\r\n\r\n%d %d 0 %s\n" % (os.getpid(), number, query)
    writer.write(HEADER.pack(1, STDOUT, identifier, len(answer), 0) + answer)
    writer.write(HEADER.pack(1, END_REQUEST, identifier, 8, 0) + bytes(8))
    await writer.drain()
    writer.close()


async def main():
    listener = socket.socket(fileno=os.dup(0))
    begin = asyncio.start_unix_server if listener.family == socket.AF_UNIX else asyncio.start_server
    server = await begin(serve, sock=listener)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, server.close)
    try:
        await server.serve_forever()
    except asyncio.CancelledError:
        pass


asyncio.run(main())
