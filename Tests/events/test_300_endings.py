# SPDX-License-Identifier: Apache-2.0
"""How the epoll host ends what does not end well, and what it bounds."""

import os
import resource
import signal
import time

import pytest
from http_client import Client, get
from processes import wait_until

ERRORS = {
    "die-before-head": 502,
    "die-in-head": 502,
    "no-head": 502,
    "malformed-head": 502,
    "overloaded": 503,
    "unknown-role": 502,
}
TRUNCATED = ["die-after-head", "die-in-body", "die-before-end", "short-body"]
QUERY = "/?n=1&size=200000"


@pytest.mark.parametrize("edge", [False, True], ids=["level", "edge"])
@pytest.mark.parametrize("behaviour", ERRORS)
def test_error(host, responder, behaviour, edge):
    port = host(responder(behaviour), **({"edge": True} if edge else {})).port
    with Client(port) as client:
        # The connection of the client serves on.
        for _ in range(2):
            answer = client.request("GET", "/")
            assert (answer.status, answer.whole) == (ERRORS[behaviour], True)


@pytest.mark.parametrize("protocol", ["1.0", "1.1"])
@pytest.mark.parametrize("behaviour", TRUNCATED)
def test_truncated(host, responder, behaviour, protocol):
    """With HTTP/1.0 only a reset tells a cut from an end."""
    port = host(responder(behaviour)).port
    with Client(port) as client:
        client.socket.sendall(("GET %s HTTP/%s\r\nHost: a\r\n\r\n" % (QUERY, protocol)).encode())
        try:
            answer = client.receive()
        except ConnectionResetError:
            answer = None
        assert answer is None or answer.whole is False, answer


def test_nobody_listens(host, directory):
    assert get(host("unix:%s" % (directory / "nobody")).port, "/").status == 503


def test_another_endpoint_takes_over(host, responder, directory):
    port = host("unix:%s" % (directory / "nobody"), responder("answer")).port
    for number in range(10):
        assert get(port, "/?n=%d" % number).body == b"answer to n=%d\n" % number


@pytest.mark.parametrize("edge", [False, True], ids=["level", "edge"])
def test_timeouts(host, scripted, edge):
    options = {"edge": True} if edge else {}
    port = host(scripted.address, head_timeout=200, read_timeout=300, **options).port
    with Client(port) as client:
        client.send("GET", "/")
        scripted.accept()
        assert client.receive().status == 504
        client.send("GET", "/")
        scripted.accept().send(b"Content-Length: 10\r\n\r\nfive.")
        assert client.receive().whole is False


def test_client_that_hangs_up(host, scripted):
    """The exchange is given up: its connection, which would be kept otherwise, is closed."""
    served = host(scripted.address, keep=True)
    with Client(served.port) as client:
        client.send("GET", "/")
        request = scripted.accept()
        assert request.body() == b""
        base = served.descriptors()
    wait_until(lambda: served.descriptors() == base - 1)
    request.end(b"Content-Length: 0\r\n\r\n")
    assert request.next_record() is None


def test_client_that_hangs_up_in_its_body(host, scripted):
    served = host(scripted.address, keep=True)
    with Client(served.port) as client:
        client.send("POST", "/", [("Content-Length", "10")])
        client.socket.sendall(b"five.")
        request = scripted.accept()
        assert request.next_record().content == b"five."
    # Its input ends, so that an application that reads it notices.
    assert request.next_record().content == b""
    request.end(b"Content-Length: 0\r\n\r\n")
    assert request.next_record() is None


@pytest.mark.parametrize("edge", [False, True], ids=["level", "edge"])
def test_end_that_comes_together_with_bytes(host, scripted, edge):
    """What comes while the host does not look makes one edge, of bytes and end."""
    served = host(scripted.address, **({"edge": True} if edge else {}))
    with Client(served.port) as client:
        client.send("GET", "/")
        request = scripted.accept()
        assert request.body() == b""
        wait_until(lambda: is_asleep(served))
        os.kill(served.process(), signal.SIGSTOP)
        request.send(b"Content-Le")
        request.connection.close()
        os.kill(served.process(), signal.SIGCONT)
        assert client.receive().status == 502


def test_client_that_hangs_up_in_the_queue_is_never_run(host, scripted):
    served = host(scripted.address, max_active=1)
    with Client(served.port) as first, Client(served.port) as third:
        first.send("GET", "/?n=1")
        running = scripted.accept()
        with Client(served.port) as second:
            second.send("GET", "/?n=2")
            wait_until(lambda: served.waiting() == 1)
        wait_until(lambda: served.waiting() == 0)
        third.send("GET", "/?n=3")
        wait_until(lambda: served.waiting() == 1)
        running.end(b"Content-Length: 0\r\n\r\n")
        assert first.receive().status == 200
        assert scripted.accept().params["QUERY_STRING"] == "n=3"


def test_overload(host, scripted):
    served = host(scripted.address, max_active=1, queue_length=1, queue_timeout=400)
    with Client(served.port) as first, Client(served.port) as second, Client(served.port) as third:
        first.send("GET", "/?n=1")
        running = scripted.accept()
        second.send("GET", "/?n=2")
        wait_until(lambda: served.waiting() == 1)
        for client in (third, second):
            answer = client.request("GET", "/?n=3") if client is third else client.receive()
            assert answer.status == 503
            assert int(dict(answer.fields)["Retry-After"]) >= 1
        running.end(b"Content-Length: 0\r\n\r\n")
        assert first.receive().status == 200


def test_service_is_in_order_of_arrival(host, scripted):
    served = host(scripted.address, max_active=1)
    clients = [Client(served.port) for _ in range(12)]
    try:
        clients[0].send("GET", "/?n=0")
        running = scripted.accept()
        for number, client in enumerate(clients[1:], 1):
            client.send("GET", "/?n=%d" % number)
            wait_until(lambda number=number: served.waiting() == number)
        for number, client in enumerate(clients):
            assert running.params["QUERY_STRING"] == "n=%d" % number
            running.end(b"Content-Length: 0\r\n\r\n")
            assert client.receive().status == 200
            if client is not clients[-1]:
                running = scripted.accept()
    finally:
        for client in clients:
            client.socket.close()


def test_client_that_reads_nothing_holds_no_memory(host, php):
    served = host(php.address, file=php.script)
    get(served.port, "/x?case=id&token=first")
    base = served.memory()
    with Client(served.port) as client:
        client.send("GET", "/x?case=down&size=16000000&length=1")
        used = -1
        # php-fpm is not read from either: its sending stops.
        while used != (used := served.memory()):
            time.sleep(0.2)
        assert used - base < 4096
        answer = client.receive()
    assert (len(answer.body), answer.whole) == (16_000_000, True)


def test_client_that_reads_nothing_is_given_up(host, php):
    port = host(php.address, file=php.script, client_timeout=300).port
    with Client(port) as client:
        client.send("GET", "/x?case=down&size=16000000&length=1")
        time.sleep(1)
        answer = client.receive()
    assert answer.whole is False


def test_more_clients_than_allowed_wait(host, responder):
    served = host(responder("answer"), max_clients=2)
    with Client(served.port) as first, Client(served.port) as second, Client(served.port) as third:
        third.send("GET", "/?n=3")
        time.sleep(0.2)
        # At the limit no connection is kept beyond its request.
        assert ("Connection", "close") in first.request("GET", "/?n=1").fields
        first.socket.close()
        assert third.receive().body == b"answer to n=3\n"
        assert second.request("GET", "/?n=2").status == 200


def test_no_descriptor_left(host, responder):
    def limits():
        resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24))

    served = host(responder("answer"), limits=limits)
    clients = [Client(served.port) for _ in range(40)]
    wait_until(lambda: served.descriptors() == 24)
    used = processor_time(served)
    time.sleep(0.5)
    assert processor_time(served) - used <= 2, "the loop spins"
    for client in clients[:30]:
        client.socket.close()
    with clients[35] as late:
        assert late.request("GET", "/?n=1").body == b"answer to n=1\n"
    for client in clients[30:]:
        client.socket.close()


def test_descriptors_end_where_they_began(host, responder):
    served = host(responder("answer"))
    base = served.descriptors()
    for number in range(30):
        with Client(served.port) as client:
            client.send("GET", "/?n=%d&size=300000" % number)
            if number % 3:
                client.receive()
            if number % 3 == 1:
                client.send("POST", "/", [("Content-Length", "100")])
    wait_until(lambda: served.descriptors() == base)


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_ends_when_its_requests_have(host, scripted, signal_number):
    served = host(scripted.address)
    with Client(served.port) as busy, Client(served.port) as idle:
        busy.send("GET", "/")
        request = scripted.accept()
        served.popen.send_signal(signal_number)
        assert idle.receive() is None
        request.end(b"Content-Length: 2\r\n\r\nok")
        answer = busy.receive()
        assert (answer.body, dict(answer.fields)["Connection"]) == (b"ok", "close")
    assert served.popen.wait(20) == 0
    assert served.popen.stdout.read() == b""


def test_ends_by_force(host, scripted):
    served = host(scripted.address, ending_timeout=200)
    with Client(served.port) as busy:
        busy.send("GET", "/")
        scripted.accept()
        served.popen.send_signal(signal.SIGTERM)
        assert served.popen.wait(20) == 0


def is_asleep(served):
    with open("/proc/%d/stat" % served.process()) as stat:
        return stat.read().rpartition(")")[2].split()[0] == "S"


def processor_time(served):
    """In hundredths of a second."""
    with open("/proc/%d/stat" % served.process()) as stat:
        fields = stat.read().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
