# SPDX-License-Identifier: Apache-2.0
"""No call in the loop waits, but that of the loop itself."""

import time

import pytest
import system_calls
from http_client import Client, get, post


@pytest.fixture
def traced(host, directory):
    """Starts the host under strace; ends it, and reads what it did since it listened."""

    def start(*backends, **options):
        path = directory / "trace"
        served = host(*backends, wrapper=[*system_calls.COMMAND, path], **options)

        def end():
            served.stop()
            return system_calls.Trace(path, "listening 127.0.0.1:")

        return served, end

    return start


@pytest.mark.parametrize("keep", [False, True], ids=["close", "keep"])
def test_nothing_waits(traced, php, directory, keep):
    options = {"keep": True} if keep else {}
    served, end = traced(php.address, "unix:%s" % (directory / "nobody"), file=php.script,
                         max_active=2, **options)  # fmt: skip
    port = served.port
    for number in range(5):
        assert get(port, "/x?case=id&token=t%d" % number).body == b"t%d\n" % number
    assert post(port, "/x?case=post", bytes(1_000_000)).status == 200
    with Client(port) as client:
        client.send("POST", "/x?case=post", [("Transfer-Encoding", "chunked")])
        client.socket.sendall(b"3\r\nabc\r\n0\r\n\r\n")
        assert client.receive().status == 200
    waiting = [Client(port) for _ in range(8)]
    for client in waiting:
        client.send("GET", "/x?case=sleep&ms=50")
    waiting.pop().socket.close()
    for client in waiting:
        assert client.receive().status == 200
        client.socket.close()
    with Client(port) as client:
        client.send("GET", "/x?case=down&size=3000000&length=0")
        time.sleep(0.1)
        assert client.receive().whole
    trace = end()
    assert trace.names["epoll_pwait"] > 20
    assert trace.suspects == []


def test_waits_without_a_storm(traced, scripted):
    """While nothing happens the host wakes for nothing but its maintenance, once a second."""
    served, end = traced(scripted.address, max_active=1)
    with Client(served.port) as running, Client(served.port) as queued, Client(served.port):
        running.send("GET", "/")
        request = scripted.accept()
        queued.send("GET", "/")
        time.sleep(2.5)
        request.end(b"Content-Length: 0\r\n\r\n")
        assert running.receive().status == 200
        scripted.accept().end(b"Content-Length: 0\r\n\r\n")
        assert queued.receive().status == 200
    trace = end()
    assert sum(trace.names.values()) < 120, trace.names
