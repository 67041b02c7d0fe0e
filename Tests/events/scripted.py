# SPDX-License-Identifier: Apache-2.0
"""An application whose part a test plays itself, step by step."""

import socket

import fastcgi

SECONDS = 20


class Scripted:
    def __init__(self, path):
        self.address = "unix:%s" % path
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.settimeout(SECONDS)
        self.listener.bind(str(path))
        self.listener.listen(64)
        self.connections = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in [self.listener, *self.connections]:
            one.close()

    def accept(self):
        """The next connection, with its request read up to the end of the params."""
        connection, _ = self.listener.accept()
        connection.settimeout(SECONDS)
        self.connections.append(connection)
        return Request(connection)


class Request:
    def __init__(self, connection):
        self.connection = connection
        self.id = fastcgi.receive_record(connection).request_id
        content = b"".join(self._stream(fastcgi.PARAMS))
        self.params = {
            name.decode(): value.decode() for name, value in fastcgi.decode_pairs(content)
        }

    def _stream(self, type):
        while True:
            record = fastcgi.receive_record(self.connection)
            assert record is not None and record.type == type, record
            if not record.content:
                return
            yield record.content

    def body(self):
        return b"".join(self._stream(fastcgi.STDIN))

    def next_record(self):
        return fastcgi.receive_record(self.connection)

    def send(self, content):
        """A part of the answer."""
        self.connection.sendall(
            fastcgi.stream(fastcgi.STDOUT, self.id, content, end=False))

    def end(self, content=b""):
        self.connection.sendall(
            fastcgi.stream(fastcgi.STDOUT, self.id, content) + fastcgi.end_request(self.id))
