# SPDX-License-Identifier: Apache-2.0
"""An HTTP/1.1 client that hides nothing: no retry, and it says when a response is not whole."""

import socket
from collections import namedtuple

# whole: True where the framing shows the end, False where it shows that the end is missing,
# None where only the end of the connection ended the body.
# phrase: what stands behind the status.
Response = namedtuple("Response", "status fields body whole phrase", defaults=[""])


class Client:
    """One connection; a request at a time."""

    def __init__(self, port, seconds=30):
        self.socket = socket.create_connection(("127.0.0.1", port), seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, method, target, fields=(), body=b""):
        lines = ["%s %s HTTP/1.1" % (method, target)]
        if "Host" not in dict(fields):
            lines.append("Host: localhost")
        if body:
            lines.append("Content-Length: %d" % len(body))
        lines += ["%s: %s" % field for field in fields]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        try:
            self.socket.sendall(head + body)
        except (BrokenPipeError, ConnectionResetError):
            pass  # The answer may have come all the same: receive tells.

    def receive(self, method="GET"):
        """The response, or None when the connection ended before its head."""
        while b"\r\n\r\n" not in self.buffer:
            if not self._more():
                return None
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        _, number, phrase = (lines[0] + " ").split(" ", 2)
        status, phrase = int(number), phrase.strip()
        fields = [tuple(line.split(": ", 1)) for line in lines[1:]]
        names = {name.lower(): value for name, value in fields}
        if method == "HEAD" or status in (204, 304):
            return Response(status, fields, b"", True, phrase)
        if names.get("transfer-encoding", "").lower() == "chunked":
            body, whole = self._chunks()
        elif "content-length" in names:
            body, whole = self._take(int(names["content-length"]))
        else:
            whole = self._to_the_end()
            body, self.buffer = self.buffer, b""
        return Response(status, fields, body, whole, phrase)

    def request(self, method, target, fields=(), body=b""):
        self.send(method, target, fields, body)
        return self.receive(method)

    def _more(self):
        try:
            piece = self.socket.recv(1 << 17)
        except ConnectionResetError:
            piece = b""
        self.buffer += piece
        return bool(piece)

    def _take(self, length):
        while len(self.buffer) < length:
            if not self._more():
                taken, self.buffer = self.buffer, b""
                return taken, False
        taken, self.buffer = self.buffer[:length], self.buffer[length:]
        return taken, True

    def _chunks(self):
        pieces = []
        while True:
            while b"\r\n" not in self.buffer:
                if not self._more():
                    return b"".join(pieces), False
            line, _, self.buffer = self.buffer.partition(b"\r\n")
            length = int(line, 16)
            piece, whole = self._take(length + 2)
            pieces.append(piece[:length])
            if not whole or length == 0:
                return b"".join(pieces), whole

    def _to_the_end(self):
        """None at an orderly end, which proves nothing; False after a reset."""
        while True:
            try:
                piece = self.socket.recv(1 << 17)
            except ConnectionResetError:
                return False
            if not piece:
                return None
            self.buffer += piece


class Expecting(Client):
    """Says what it would send; sends it when it is told to."""

    def announce(self, target, fields, version="1.1", body=b""):
        lines = ["POST %s HTTP/%s" % (target, version), "Host: localhost", "Expect: 100-continue"]
        lines += ["%s: %s" % field for field in fields]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + body)

    def head(self):
        """The status line of the next head, which is taken off if it is an interim one."""
        while b"\r\n\r\n" not in self.buffer:
            assert self._more()
        line = self.buffer.partition(b"\r\n")[0].decode()
        if line.startswith("HTTP/1.1 1"):
            self.buffer = self.buffer.partition(b"\r\n\r\n")[2]
        return line

    def is_silent(self, seconds=0.3):
        self.socket.settimeout(seconds)
        try:
            return not self.buffer and not self._more()
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(30)


def get(port, target, fields=()):
    with Client(port) as client:
        return client.request("GET", target, fields)


def post(port, target, body, fields=()):
    with Client(port) as client:
        return client.request("POST", target, fields, body)
