# SPDX-License-Identifier: Apache-2.0
"""A POST whose body is HTTP requests, from a client that sends on and on: what comes back?"""

import socket
import threading

SMUGGLED = "/smuggled"
# As long as buffers are multiples of, so that a body that is cut anywhere goes on with a request.
UNIT = 64
TEMPLATE = b"GET %s?%s HTTP/1.1\r\nHost: localhost\r\n%s\r\n"
INNER = TEMPLATE % (SMUGGLED.encode(), b"inner=1&pad=12345678", b"")
LAST = TEMPLATE % (SMUGGLED.encode(), b"last=1", b"Connection: close\r\n")
# More than all the buffers on the way hold.
COUNT = 40_000


def post(port, target, chunked, seconds=20, count=COUNT, fields=b""):
    """All that the server sends until it closes, to a client that never closes by itself.

    Ends with a whole request of the client's own, which the server may answer only where it has
    read the body to its end.
    """
    head = b"POST %s HTTP/1.1\r\nHost: localhost\r\n%s" % (target.encode(), fields)
    body = INNER * count
    if chunked:
        head += b"Transfer-Encoding: chunked\r\n\r\n"
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    else:
        head += b"Content-Length: %d\r\n\r\n" % len(body)
    head = padded(head)
    with socket.create_connection(("127.0.0.1", port), seconds) as connection:
        sending = threading.Thread(target=send, args=(connection, head + body + LAST))
        sending.start()
        received = receive(connection)
        close(connection)
        sending.join()
    return received


def padded(head):
    """A multiple of UNIT, by a field before its end."""
    bare = len(head) + len(b"X: \r\n")
    return head[:-2] + b"X: %s\r\n\r\n" % (b"x" * (-bare % UNIT))


def send(connection, content):
    try:
        connection.sendall(content)
    except OSError:
        pass  # It closed, as it may.


def receive(connection):
    pieces = []
    try:
        while piece := connection.recv(1 << 16):
            pieces.append(piece)
    except ConnectionResetError:
        pass
    return b"".join(pieces)


def close(connection):
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # It is gone already.
