# SPDX-License-Identifier: Apache-2.0
"""What a child of httpd holds and does while much goes through it: little."""

import os
import time

import pytest
from client import Client
from httpd import ONE_PROCESS, proxy_pass
from long_form import IS_LONG
from weakness import PATIENCE

MIB = 1 << 20
MOST = 4 * MIB
DOWN, DOWN_RATE = (200 * MIB, 10 * MIB) if IS_LONG else (60 * MIB, 100 * MIB)
UP = 500 * MIB if IS_LONG else 60 * MIB
DRIP_SECONDS = 10 if IS_LONG else 2
TICKS = os.sysconf("SC_CLK_TCK")


class Child:
    """httpd's only child, and how much memory it held when it was first looked at."""

    def __init__(self, httpd):
        (self.pid,) = httpd.children()
        self.before = self.memory()
        self.grown = 0

    def memory(self, which="VmRSS:"):
        with open("/proc/%d/status" % self.pid) as status:
            (line,) = (line for line in status if line.startswith(which))
        return int(line.split()[1]) * 1024

    def look(self):
        self.grown = max(self.grown, self.memory() - self.before)

    def cpu_seconds(self):
        with open("/proc/%d/stat" % self.pid) as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


@pytest.fixture
def bulk(responder, start_httpd):
    """httpd with one child that has served before, so that what it needs at all is there."""
    httpd = start_httpd("event", proxy_pass(responder("bulk")), sizes=ONE_PROCESS)
    for _ in range(30):
        with Client(httpd.port) as client:
            client.request("POST", "/?size=1000000", body=bytes(MIB))
    return httpd


def test_a_client_that_reads_slowly(bulk):
    child = Child(bulk)
    received = 0
    with Client(bulk.port) as client:
        client.send("GET", "/?size=%d" % DOWN, [("Connection", "close")])
        begin = time.monotonic()
        while piece := client.socket.recv(MIB):
            received += len(piece)
            child.look()
            time.sleep(max(0, begin + received / DOWN_RATE - time.monotonic()))
    assert received > DOWN
    assert child.grown < MOST


@pytest.mark.parametrize("streams", ["length", "chunked"])
def test_a_large_upload(bulk, streams):
    child = Child(bulk)
    block = bytes(MIB)
    with Client(bulk.port) as client:
        if streams == "length":
            client.send("POST", "/?size=10", [("Content-Length", str(UP))])
        else:
            client.send("POST", "/?size=10", [("Transfer-Encoding", "chunked")])
            block = b"%x\r\n%s\r\n" % (MIB, block)
        for _ in range(UP // MIB):
            client.socket.sendall(block)
            child.look()
        if streams == "chunked":
            client.socket.sendall(b"0\r\n\r\n")
        answer = client.receive()
    assert dict(answer.fields)["X-Received"] == str(UP)
    assert child.grown < MOST


def drip(child, client):
    """The share of a processor that the child takes while its client sends a byte now and then."""
    before, begin = child.cpu_seconds(), time.monotonic()
    while time.monotonic() < begin + DRIP_SECONDS:
        client.socket.sendall(b"x")
        time.sleep(0.02)
    return (child.cpu_seconds() - before) / (time.monotonic() - begin)


@pytest.mark.parametrize("behaviour", ["bulk", "early-answer", "silent-unread"])
def test_a_client_that_drips(start_responder, start_httpd, behaviour):
    """Waiting is no work: a loop would take all of a processor."""
    application = start_responder(behaviour)
    httpd = start_httpd("event", proxy_pass(application.address), sizes=ONE_PROCESS)
    child = Child(httpd)
    with Client(httpd.port, PATIENCE) as client:
        client.send("POST", "/?size=10", [("Content-Length", "1000000")])
        client.socket.sendall(b"x" * 100_000)
        share = drip(child, client)
    # An exchange that is given up is read to its end first, within a bound.
    application.stop()
    assert share < 0.3


def test_a_head_without_end(responder, serve, observe):
    """A field of 20 MB is refused before it is all there."""
    httpd = serve(proxy_pass(responder("huge-field")), sizes=ONE_PROCESS)
    child = Child(httpd)
    with Client(httpd.port) as client:
        client.request("GET", "/?n=1")
    grown = child.memory("VmHWM:") - child.before
    seen = "under 4 MiB" if grown < MOST else "%d MiB" % (grown / MIB)
    observe("memory for a field of 20 MB in the head", seen, "under 4 MiB")
