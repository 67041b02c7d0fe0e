# SPDX-License-Identifier: Apache-2.0
"""What --records tells is what the application saw and said."""

import re
import socket
import threading

import fastcgi
import pytest

LINE = re.compile(
    r"^ *\d+\.\d{3} ([<>]) (\w+) +id (\d+)  content (\d+) +padding (\d+)(?:  (.*))?$"
)
ANSWER = b"Content-Type: text/plain\r\n\r\nhe\x1bllo"


class Application(threading.Thread):
    """Takes one connection, keeps every byte of its request, and answers with given bytes."""

    def __init__(self, path, answer, ending="close"):
        super().__init__()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.address = "unix:%s" % path
        self.answer, self.ending, self.seen = answer, ending, b""
        self.start()

    def run(self):
        connection, _ = self.listener.accept()
        self.listener.close()
        with connection:
            while not self.seen.endswith(fastcgi.record(fastcgi.STDIN, 1)):
                self.seen += connection.recv(1 if self.ending == "reset" else 65536)
                if self.ending == "reset" and len(self.seen) == 100:
                    # Bytes that were not read reset a Unix connection when it is closed.
                    return
            connection.sendall(self.answer)
            if self.ending == "half":
                connection.shutdown(socket.SHUT_WR)
                connection.recv(1)


@pytest.fixture
def application(tmp_path):
    started = []

    def start(answer, ending="close"):
        started.append(Application(tmp_path / "socket", answer, ending))
        return started[-1]

    yield start
    for each in started:
        each.join()


def told(done):
    """The records that were told, as direction, type, id, content, padding and the rest."""
    matches = (LINE.match(line) for line in done.stderr.decode().splitlines())
    return [match.groups() for match in matches if match]


def headers(direction, data):
    """The same of the bytes of a trace, up to the padding."""
    found, at = [], 0
    while at < len(data):
        (record, *_), _ = fastcgi.split_records(data[at:])
        padding = data[at + 6]
        length = len(record.content)
        name = fastcgi.TYPE_NAMES[record.type]
        found.append((direction, name, str(record.request_id), str(length), str(padding)))
        at += 8 + length + padding
    return found


def test_records_are_those_on_the_wire(get, application):
    answer = (
        fastcgi.record(fastcgi.STDERR, 1, b"oh\n")
        + fastcgi.stream(fastcgi.STDOUT, 1, ANSWER)
        + fastcgi.end_request(1, application_status=7)
    )
    running = application(answer)
    large = "L" * 70000
    done = get(running.address, "-d", "x=1", "--records", "--env", "LARGE=" + large)
    running.join()
    assert (done.returncode, done.stdout) == (0, b"he\x1bllo")
    records = told(done)
    sent = [record[:5] for record in records if record[0] == ">"]
    received = [record[:5] for record in records if record[0] == "<"]
    assert sent == headers(">", running.seen)
    assert received == headers("<", answer)
    assert records[-1][5] == "application status 7, REQUEST_COMPLETE"
    assert any(record[5] == r'"Content-Type: text/plain\r\n\r\nhe\x1Bllo"' for record in records)
    whole, _ = fastcgi.split_records(running.seen)
    stream = b"".join(record.content for record in whole if record.type == fastcgi.PARAMS)
    pairs = fastcgi.decode_pairs(stream)
    lines = [" " * 14 + (name + b"=" + value).decode() for name, value in pairs]
    assert [line for line in done.stderr.decode().splitlines() if line[:14].isspace()] == lines


def test_half_close_comes_through(get, application):
    running = application(fastcgi.record(fastcgi.STDOUT, 1, ANSWER)[:-3], "half")
    done = get(running.address, "--records", "--read-timeout", "20")
    assert done.returncode == 18
    assert b"< closed in the middle of a record" in done.stderr


def test_reset_comes_through(get, application):
    running = application(b"", "reset")
    done = get(running.address, "--records", "--head-timeout", "20")
    assert done.returncode == 18
    assert b"< failed: Connection reset by peer" in done.stderr
    assert b"Connection reset by peer" in done.stderr.splitlines()[-1]
