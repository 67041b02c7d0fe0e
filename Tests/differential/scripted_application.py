# SPDX-License-Identifier: Apache-2.0
"""The scripted FastCGI application: it does for each request what the request's case says.

It runs in the harness's own event loop, so that a behaviour is a plain coroutine of a case, and
what it saw is at hand. Nothing is read from a socket before a behaviour asks for it: what an
application leaves unread stays in the kernel, where it makes the same trouble as in real life.
"""

import asyncio
import hashlib
import os
import socket
import time

import fastcgi
from fastcgi import STDERR, STDIN, STDOUT, stream

BACKLOG = 1024


class Gone(Exception):
    """The web server closed, reset or aborted; what it did is in the exchange's record."""


class Exchange:
    """One request whose params were read; behaviours use it, and it records what comes."""

    def __init__(self, connection, begin, params, run):
        self.connection, self.id = connection, begin.request_id
        self.role, self.keep = begin.content[1], bool(begin.content[2] & fastcgi.KEEP_CONN)
        self.pairs, self.run = params, run
        self.params = dict(params)
        self.stays = True
        self.input, self.input_length, self._digest = "not read", 0, hashlib.sha256()
        self.began, self.occupied = time.monotonic(), None

    @property
    def input_digest(self):
        return self._digest.hexdigest()[:16]

    async def piece(self):
        """The next content of STDIN, b"" at its end; raises Gone where there will be none."""
        try:
            record = await receive_record(self.connection)
        except ConnectionError:
            record = None
        if record is None or record.type == fastcgi.ABORT_REQUEST:
            self.input = "cut" if record is None else "aborted"
            self.stays = False
            raise Gone
        if record.type != STDIN or record.request_id != self.id:
            raise ValueError("a record of type %d in STDIN" % record.type)
        self.input_length += len(record.content)
        self._digest.update(record.content)
        self.input = "begun" if record.content else "whole"
        return record.content

    async def read(self, at_least=None):
        """Reads STDIN to its end, or until so many bytes of it have come."""
        pieces = []
        while self.input != "whole" and (at_least is None or self.input_length < at_least):
            pieces.append(await self.piece())
        return b"".join(pieces)

    async def send(self, data):
        try:
            await asyncio.get_running_loop().sock_sendall(self.connection, data)
        except ConnectionError:
            self.stays = False
            raise Gone from None

    async def stdout(self, content, end=False):
        await self.send(stream(STDOUT, self.id, content, end))

    async def stderr(self, content, end=False):
        await self.send(stream(STDERR, self.id, content, end))

    async def end(self, status=0, protocol=fastcgi.REQUEST_COMPLETE):
        """The end of STDOUT and of the request, in one write."""
        last = fastcgi.end_request(self.id, protocol, status)
        await self.send(fastcgi.record(STDOUT, self.id) + last)

    async def answer(self, content):
        """Everything in one write, so that what the web server has at hand is always the same."""
        await self.send(stream(STDOUT, self.id, content) + fastcgi.end_request(self.id))

    def close(self):
        self.stays = False

    def reset(self):
        """The connection ends with RST, as that of a process which is killed may."""
        self.stays = False
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    def has_ended(self):
        left = self.run.client_left
        self.occupied = time.monotonic() - left if left else 0.0


class ScriptedApplication:
    """Listens at a Unix socket and at a TCP port for one side; runs are found by X-Case."""

    def __init__(self, path, address):
        self.runs = {}
        self.tasks = set()
        self.strangers = 0
        self.connections = 0
        unix, tcp = socket.socket(socket.AF_UNIX), socket.socket()
        unix.bind(str(path))
        os.chmod(path, 0o666)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tcp.bind(address)
        self.listeners = [unix, tcp]

    def start(self):
        for listener in self.listeners:
            listener.listen(BACKLOG)
            listener.setblocking(False)
            self._spawn(self._accept(listener))

    def _spawn(self, coroutine):
        task = asyncio.create_task(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _accept(self, listener):
        while True:
            connection, _ = await asyncio.get_running_loop().sock_accept(listener)
            connection.setblocking(False)
            if connection.family == socket.AF_INET:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            self._spawn(self._serve(connection))

    async def _serve(self, connection):
        with connection:
            try:
                while await self._serve_one(connection):
                    pass
            except (ConnectionError, ValueError):
                pass

    async def _serve_one(self, connection):
        begin = await receive_record(connection)
        # The end of the last exchange's STDIN, when its behaviour did not read it.
        while begin is not None and begin.type == STDIN and not begin.content:
            begin = await receive_record(connection)
        if begin is None or begin.type != fastcgi.BEGIN_REQUEST:
            return False
        params = await receive_params(connection)
        if params is None:
            return False
        run = self.runs.get(dict(params).get(b"HTTP_X_CASE"))
        if run is None:
            self.strangers += 1
            return False
        exchange = Exchange(connection, begin, params, run)
        run.exchange_began(exchange)
        try:
            await run.case.application(exchange)
        except Gone:
            pass
        finally:
            exchange.has_ended()
            run.exchange_ended()
        return exchange.keep and exchange.stays


async def receive_exactly(connection, count):
    loop, pieces = asyncio.get_running_loop(), []
    while count > 0:
        piece = await loop.sock_recv(connection, min(count, 1 << 16))
        if not piece:
            return None
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)


async def receive_record(connection):
    """The next record, and not a byte after it; None when the peer has closed."""
    header = await receive_exactly(connection, 8)
    if header is None:
        return None
    number = int.from_bytes
    if header[0] != 1:
        raise ValueError("version %d is no FastCGI" % header[0])
    length = number(header[4:6], "big")
    content = await receive_exactly(connection, length + header[6])
    if content is None:
        return None
    return fastcgi.Record(header[1], number(header[2:4], "big"), content[:length])


async def receive_params(connection):
    pieces = []
    while True:
        record = await receive_record(connection)
        if record is None or record.type != fastcgi.PARAMS:
            return None
        if not record.content:
            return fastcgi.decode_pairs(b"".join(pieces))
        pieces.append(record.content)
