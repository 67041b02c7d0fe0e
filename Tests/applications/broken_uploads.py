# SPDX-License-Identifier: Apache-2.0
"""Uploads that break off after a part, on raw connections to real applications.

Each application runs with one process, or one thread where it can: what holds it delays whoever
comes next. It writes what it has seen of its body to the file that the parameter WITNESS names.
"""

import socket
import threading
import time
from pathlib import Path

import client
import fastcgi
from cases import pattern

TOLD, SENT = 1_000_000, 100_000
# Whoever is not free within this is held. All that are free are so within milliseconds.
PATIENCE = 1.0
SOON = 0.3
# The next request has a thread of its own.
THREADED = ("flup", "flup-multiplexed", "flipflop", "go")


def empty_stdin(connection):
    connection.sendall(fastcgi.record(fastcgi.STDIN, 1))


def abort_request(connection):
    connection.sendall(fastcgi.record(fastcgi.ABORT_REQUEST, 1))


def half_close(connection):
    connection.shutdown(socket.SHUT_WR)


def abort_and_half_close(connection):
    abort_request(connection)
    half_close(connection)


def close(connection):
    connection.close()


ENDINGS = {
    "empty STDIN": empty_stdin,
    "ABORT_REQUEST": abort_request,
    "half-close": half_close,
    "ABORT_REQUEST and half-close": abort_and_half_close,
    "close": close,
}


def upload_params(running, witness):
    """Of a POST that tells more than it is going to send."""
    more = {"CONTENT_LENGTH": str(TOLD), "CONTENT_TYPE": "application/octet-stream",
            "WITNESS": str(witness)}  # fmt: skip
    return client.params(running, "case=post", method="POST", more=more)


class Witness:
    """The file in which an application says what it saw; others than its owner write to it."""

    def __init__(self, directory, name):
        self.path = Path(directory) / name
        self.path.touch()
        self.path.chmod(0o666)

    def __str__(self):
        return str(self.path)

    def lines(self):
        return self.path.read_text().splitlines()

    def wait(self, seconds=PATIENCE):
        """What it saw: nothing, an error, or how much."""
        deadline = time.monotonic() + seconds
        while not (lines := self.lines()) and time.monotonic() < deadline:
            time.sleep(0.005)
        if not lines:
            return "nothing"
        if lines[-1].startswith("error"):
            return "an error"
        count = int(lines[-1].split()[1])
        return "a whole body" if count == TOLD else "a short body"


def break_off(running, ending, witness):
    """What the application saw of an upload, what it sent, and whether it was free at once."""
    connection = client.connect(running)
    head = fastcgi.begin_request(1) + client.encode_params(upload_params(running, witness))
    connection.sendall(head + fastcgi.stream(fastcgi.STDIN, 1, pattern(SENT), end=False))
    ENDINGS[ending](connection)
    listener = Listener(connection)
    is_free = probe(running)
    saw = witness.wait(SOON if is_free else 0)
    # A thread that reads on does not delay the next request, which has one of its own.
    if running.name in THREADED and saw == "nothing":
        is_free = False
    return saw, listener.stop(), is_free


class Listener(threading.Thread):
    """Receives as a gateway does: closes when the request has ended or the application closes."""

    def __init__(self, connection):
        super().__init__(daemon=True)
        self.connection = connection
        self.came = "-" if connection.fileno() < 0 else "says nothing"
        if self.came != "-":
            self.start()

    def run(self):
        with self.connection:
            seen = set()
            while fastcgi.END_REQUEST not in seen:
                try:
                    record = fastcgi.receive_record(self.connection)
                except OSError:
                    record = None
                if record is None:
                    break
                if record.content:
                    seen.add(record.type)
            if fastcgi.END_REQUEST not in seen:
                self.came = "closes"
            else:
                self.came = "answers" if fastcgi.STDOUT in seen else "ends the request"

    def stop(self):
        if self.came == "-":
            return self.came
        self.join(SOON)
        came = self.came
        if self.is_alive():
            # What it sends from now on is no answer to what it was sent.
            self.connection.shutdown(socket.SHUT_RDWR)
            self.join()
        return came


def probe(running, seconds=PATIENCE):
    """Whether the next request is answered in time."""
    with client.connect(running) as connection:
        connection.settimeout(seconds)
        try:
            pairs = client.params(running, "case=id&token=next")
            return client.exchange(connection, pairs).body == b"next\n"
        except OSError:
            return False


def wait_until_free(running):
    """Before the next ending is tried."""
    deadline = time.monotonic() + 20
    while not probe(running):
        assert time.monotonic() < deadline, running.name
