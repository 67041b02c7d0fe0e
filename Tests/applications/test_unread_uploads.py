# SPDX-License-Identifier: Apache-2.0
"""Uploads that real applications do not read, and what comes next on the client's connection."""

import hashlib
import time
from itertools import pairwise, product

import applications
import pytest
from cases import pattern
from through_httpd import Client, served

SIZES = (1, 20_000, 300_000, 5_000_000)
SENT = pattern(5_000_000)
# At once with the head, after it, and with a pause within.
WAYS = {"at once": (0, 1), "later": (0, 0, 1), "in parts": (0, 0.01, 0.5, 1)}
PAUSE = 0.01


def digest(body):
    return b"%d %s\n" % (len(body), hashlib.sha256(body).hexdigest().encode())


class Kept:
    """A client that keeps its connection as long as it is not told that it ends."""

    def __init__(self, port):
        self.port, self.client = port, Client(port)

    def post(self, query, body, parts=(0, 1)):
        """parts: where the body is cut; between two parts the client waits a little."""
        fields = [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
        self.client.send("POST", "/x?" + query, fields)
        for begin, end in pairwise(int(len(body) * part) for part in parts):
            self.send(body[begin:end])
            time.sleep(PAUSE if len(parts) > 2 else 0)
        answer = self.client.receive()
        if answer is not None and ("Connection", "close") in answer.fields:
            assert self.client._to_the_end() is not False
            self.client.socket.close()
            self.client = Client(self.port)
        return answer

    def send(self, part):
        try:
            self.client.socket.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            pass  # The answer may have come all the same.

    def close(self):
        self.client.socket.close()


@pytest.mark.parametrize("name", applications.NAMES)
def test_the_next_post_comes_through(name):
    with applications.start(name, "unix", concurrency=4) as running, served(running) as httpd:
        kept = Kept(httpd.port)
        for size, way in product(SIZES, WAYS):
            body = SENT[:size]
            unread = kept.post("case=unread", body, WAYS[way])
            assert unread is not None and unread.whole, (size, way)
            expected = [(200, b"unread\n")]
            # Of a small body it depends on when it comes.
            if running.application.refuses_unread:
                expected.append((502, unread.body))
            assert (unread.status, unread.body) in expected, (size, way)
            following = kept.post("case=post", body)
            assert following is not None, "lost after %d bytes %s" % (size, way)
            assert (following.status, following.body) == (200, digest(body)), (size, way)
        kept.close()
