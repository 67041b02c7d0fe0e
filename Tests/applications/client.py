# SPDX-License-Identifier: Apache-2.0
"""A FastCGI client as small as can be, that tells a broken application from a broken gateway."""

import socket
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "support"))

import fastcgi

TIMEOUT = 30


@dataclass
class Answer:
    status: int
    fields: list
    body: bytes
    stderr: bytes


def params(running, query, method="GET", body=None, more=()):
    """The meta-variables of a request, RFC 3875 section 4.1."""
    pairs = {
        "GATEWAY_INTERFACE": "CGI/1.1",
        "REQUEST_METHOD": method,
        "QUERY_STRING": query,
        "REQUEST_URI": "/contract?" + query,
        "SCRIPT_NAME": "/contract",
        "SCRIPT_FILENAME": running.script,
        "PATH_INFO": "",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "REMOTE_ADDR": "127.0.0.1",
    }
    if body is not None:
        pairs["CONTENT_LENGTH"] = str(len(body))
        pairs["CONTENT_TYPE"] = "application/octet-stream"
    pairs.update(more)
    return [(name.encode(), value.encode("latin-1")) for name, value in pairs.items()]


def connect(running):
    if running.transport == "unix":
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        target = running.path
    else:
        connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        target = ("127.0.0.1", running.port)
    connection.settimeout(TIMEOUT)
    connection.connect(target)
    return connection


def get(running, query, **request):
    """One request on a connection of its own."""
    with connect(running) as connection:
        return exchange(connection, params(running, query, **request), request.get("body"))


def exchange(connection, pairs, body=None, keep=False):
    """One request on a connection, and its answer up to END_REQUEST."""
    head = fastcgi.begin_request(1, fastcgi.KEEP_CONN if keep else 0) + encode_params(pairs)
    whole = head + fastcgi.stream(fastcgi.STDIN, 1, body or b"")
    sender = threading.Thread(target=_send, args=(connection, whole))
    sender.start()
    try:
        return _receive(connection)
    finally:
        if not keep:
            connection.shutdown(socket.SHUT_RDWR)
        sender.join()


def encode_params(pairs):
    """The params stream, without a pair that is split over two records."""
    records, content = [], b""
    for pair in pairs:
        encoded = fastcgi.encode_pairs([pair])
        if content and len(content) + len(encoded) > 65528:
            records.append(fastcgi.stream(fastcgi.PARAMS, 1, content, end=False))
            content = b""
        content += encoded
    return b"".join(records) + fastcgi.stream(fastcgi.PARAMS, 1, content)


def _send(connection, data):
    try:
        connection.sendall(data)
    except OSError:
        pass  # An application may answer without reading its input.


def _receive(connection):
    streams = {fastcgi.STDOUT: [], fastcgi.STDERR: []}
    while True:
        record = fastcgi.receive_record(connection)
        if record is None:
            raise ConnectionError("closed before END_REQUEST: %r" % streams)
        if record.type == fastcgi.END_REQUEST:
            break
        streams[record.type].append(record.content)
    head, _, body = b"".join(streams[fastcgi.STDOUT]).partition(b"\r\n\r\n")
    fields = [tuple(line.decode("latin-1").split(": ", 1)) for line in head.split(b"\r\n")]
    status = [int(value[:3]) for name, value in fields if name.lower() == "status"]
    return Answer((status or [200])[0], fields, body, b"".join(streams[fastcgi.STDERR]))
