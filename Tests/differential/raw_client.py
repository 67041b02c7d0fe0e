# SPDX-License-Identifier: Apache-2.0
"""A client that sends exactly the bytes it is given, and records everything that comes back."""

import asyncio
import contextlib
import socket
import ssl
import time
from dataclasses import dataclass, field

def context(protocols):
    """Whatever the certificate says."""
    made = ssl.create_default_context()
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    made.set_alpn_protocols(list(protocols))
    return made


PROBE = b"OPTIONS * HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n"


@dataclass
class Request:
    """An HTTP request; what is left out is what any client says."""

    target: str = "/page"
    method: str = "GET"
    fields: tuple = ()
    body: bytes = b""
    version: str = "1.1"
    chunks: tuple = None
    host: str = "differential.test"

    def head(self, case):
        lines = ["%s %s HTTP/%s" % (self.method, self.target, self.version), "X-Case: %s" % case]
        names = {name.lower() for name, _ in self.fields}
        if "host" not in names:
            lines.append("Host: %s" % self.host)
        if self.chunks is not None:
            lines.append("Transfer-Encoding: chunked")
        elif (self.body or self.method in ("POST", "PUT")) and "content-length" not in names:
            lines.append("Content-Length: %d" % len(self.body))
        lines += ["%s: %s" % pair for pair in self.fields]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def content(self):
        if self.chunks is None:
            return self.body
        return b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in (*self.chunks, b""))


@dataclass
class Response:
    """What came: whole is None where only the end of the connection ended the body."""

    status: str = "nothing"
    fields: list = field(default_factory=list)
    body: bytes = b""
    framing: str = "none"
    whole: object = True
    interim: list = field(default_factory=list)
    trailers: bytes = b""
    first_byte: float = 0.0
    end: float = 0.0
    wire: int = 0

    @property
    def code(self):
        return int(self.status.split(" ")[1]) if " " in self.status else 0

    def named(self, name):
        return [value for each, value in self.fields if each.lower() == name]


class RawClient:
    """One connection of one side of a case."""

    def __init__(self, run, address, tls=False):
        self.run, self.address, self.tls = run, address, tls
        self.reader = self.writer = None
        self.socket, self.buffer, self.ended = None, b"", None
        self.sent = self.received = 0
        self.began = time.monotonic()

    async def connect(self, receive_buffer=None, protocols=("http/1.1",)):
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        # The same address on both sides, whatever the server's.
        self.socket.bind(("127.0.0.1", 0))
        await asyncio.get_running_loop().sock_connect(self.socket, self.address)
        if self.tls:
            self.reader, self.writer = await asyncio.open_connection(
                sock=self.socket, ssl=context(protocols), server_hostname="differential.test"
            )
        self.began = time.monotonic()
        return self

    async def _send_some(self, data):
        if self.tls:
            self.writer.write(data)
            await self.writer.drain()
        else:
            await asyncio.get_running_loop().sock_sendall(self.socket, data)

    async def _receive_some(self):
        if self.tls:
            return await self.reader.read(1 << 17)
        return await asyncio.get_running_loop().sock_recv(self.socket, 1 << 17)

    def close(self):
        if self.writer:
            self.writer.transport.abort()
        elif self.socket:
            self.socket.close()

    async def send(self, data):
        """All of data, or as much as the server takes."""
        view = memoryview(data)
        try:
            while view:
                await self._send_some(view[:65536])
                self.sent += len(view[:65536])
                view = view[65536:]
        except ConnectionError:
            pass  # What the server said before comes all the same.

    def leave(self, reset=False):
        """Closes, in order or not, and notes when."""
        if reset:
            linger = b"\1\0\0\0\0\0\0\0"
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.run.client_left = time.monotonic()
        self.close()

    async def more(self):
        """Receives once; False at the end, whose kind is in ended."""
        if self.ended:
            return False
        try:
            piece = await self._receive_some()
        except ConnectionError:
            self.ended = "reset"
            return False
        if not piece:
            self.ended = "closed"
            return False
        self.buffer += piece
        self.received += len(piece)
        return True

    async def receive_head(self, response):
        while b"\r\n\r\n" not in self.buffer:
            if not await self.more():
                response.status = "nothing"
                return False
            response.first_byte = response.first_byte or time.monotonic() - self.began
        text, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        response.first_byte = response.first_byte or time.monotonic() - self.began
        lines = text.decode("latin-1").split("\r\n")
        if not lines[0].startswith("HTTP/"):
            response.status = "no-status-line"
            return False
        fields = [tuple((line + ":").split(":", 1)) for line in lines[1:]]
        response.fields = [(name, value[:-1].strip()) for name, value in fields]
        response.status = lines[0]
        return True

    async def receive(self, method="GET", head_only=False):
        """The next final response, with the interim ones before it."""
        response, before = Response(whole=False), self.received - len(self.buffer)
        # There from the beginning, so that one that never ends shows.
        self.run.responses.append(response)
        while await self.receive_head(response):
            if response.code // 100 != 1 or response.code == 101:
                break
            response.interim.append((response.status, tuple(response.fields)))
        if response.code and not head_only:
            await self._receive_body(response, method)
        response.end = time.monotonic() - self.began
        response.wire = 0 if self.tls else self.received - len(self.buffer) - before
        return response

    async def _receive_body(self, response, method):
        coding = response.named("transfer-encoding")
        length = response.named("content-length")
        if method == "HEAD" or response.code in (204, 304):
            response.whole = True
            return
        if coding and coding[-1].lower() == "chunked":
            response.framing = "chunked"
            await self._chunks(response)
        elif length and length[0].isdigit():
            response.framing = "length"
            response.body, response.whole = await self._take(int(length[0]))
        else:
            response.framing, response.whole = "close", None
            while await self.more():
                pass
            response.body, self.buffer = self.buffer, b""
            if self.ended == "reset":
                response.whole = False

    async def _take(self, length):
        while len(self.buffer) < length:
            if not await self.more():
                taken, self.buffer = self.buffer, b""
                return taken, False
        taken, self.buffer = self.buffer[:length], self.buffer[length:]
        return taken, True

    async def _chunks(self, response):
        while True:
            while b"\r\n" not in self.buffer:
                if not await self.more():
                    return
            line, _, self.buffer = self.buffer.partition(b"\r\n")
            length = int(line.partition(b";")[0], 16)
            if length == 0:
                break
            piece, whole = await self._take(length + 2)
            response.body += piece[:length]
            if not whole:
                return
        await self._trailers(response)

    async def _trailers(self, response):
        while b"\r\n" not in self.buffer or not (
            self.buffer.startswith(b"\r\n") or b"\r\n\r\n" in self.buffer
        ):
            if not await self.more():
                return
        if not self.buffer.startswith(b"\r\n"):
            response.trailers, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        else:
            self.buffer = self.buffer[2:]
        response.whole = True

    async def probe(self):
        """Whether the connection takes another request, which no application is asked for."""
        with contextlib.suppress(ConnectionError):
            await self._send_some(PROBE)
        response = Response()
        if await self.receive_head(response) and response.status.startswith("HTTP/1.1 200"):
            return "usable"
        return "answers " + response.status if response.code else "closed"


def sends_request(request):
    """The usual client: one request, its response, and whether the connection goes on."""

    async def client(run, connect):
        connection = await connect()
        await connection.send(request.head(run.case.id) + request.content())
        response = await connection.receive(request.method)
        await note_after(run, connection, response)

    return client


async def note_after(run, connection, response):
    said = any("close" in value.lower() for value in response.named("connection"))
    said = said or response.framing == "close"
    kept = any("keep-alive" in value.lower() for value in response.named("connection"))
    run.notes["said of closing"] = "closes" if said else "stays" if kept else "nothing"
    run.notes["afterwards"] = await connection.probe()
