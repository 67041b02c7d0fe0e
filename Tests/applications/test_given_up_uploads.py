# SPDX-License-Identifier: Apache-2.0
"""Uploads that break off on their way through the gateway: the client leaves, or the host cancels.

The application sees what broken_uploads.md says of ABORT_REQUEST and half-close, and whoever comes
next does not wait.
"""

import ctypes
import socket
import sys
import termios
import time

import applications
import client
import pytest
from broken_uploads import PATIENCE, SENT, SOON, THREADED, TOLD, Witness, upload_params
from cases import pattern
from test_broken_uploads import NEVER_FREE, written
from through_httpd import get, served

sys.path.append(str(applications.ROOT / "Tests" / "faults"))

import gateway  # noqa: E402

WAY = "ABORT_REQUEST and half-close"
HEAD = b"POST /x?case=post HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % TOLD


def leave(port):
    """A client that sends a part of its upload and goes."""
    with socket.create_connection(("127.0.0.1", port)) as leaving:
        leaving.sendall(HEAD + pattern(SENT))
        wait_until_read(leaving)


def wait_until_read(leaving):
    """Until nothing that was sent is on its way any more."""
    deadline = time.monotonic() + 5
    unsent = ctypes.c_int(1)
    while unsent.value > 0 and time.monotonic() < deadline:
        ctypes.CDLL(None).ioctl(leaving.fileno(), termios.TIOCOUTQ, ctypes.byref(unsent))
        time.sleep(0.002)


def seen(witness, name):
    """What the application saw, once it is known; a thread that is held says nothing."""
    return witness.wait(0 if name in NEVER_FREE else PATIENCE if name in THREADED else SOON)


def expected(name):
    """What the table of broken_uploads.md says that it sees."""
    return written()[name][WAY].split("; ")[0]


@pytest.mark.parametrize("name", applications.NAMES)
def test_a_client_of_httpd_leaves(name):
    with applications.start(name, "unix", concurrency=1) as running:
        witness = Witness(running.place.directory, "witness")
        with served(running, witness) as httpd:
            leave(httpd.port)
            began = time.monotonic()
            answer = get(httpd.port, "/x?case=id&token=next")
            took = time.monotonic() - began
            assert (answer.status, answer.body) == (200, b"next\n")
            assert took < PATIENCE
            assert seen(witness, name) == expected(name)


def test_php_serves_whoever_comes_after_as_many_broken_uploads_as_it_has_processes():
    with applications.start("php-fpm", "unix", concurrency=4) as running:
        with served(running) as httpd:
            for _ in range(4):
                leave(httpd.port)
            began = time.monotonic()
            assert get(httpd.port, "/x?case=id&token=next").body == b"next\n"
            assert time.monotonic() - began < PATIENCE


def cancel(backend, params):
    """A host that sends a part of its body, and gives the exchange up when that is sent."""
    calls, check = gateway.calls, gateway.check
    body, exchange, event = pattern(SENT), ctypes.c_void_p(), gateway.Event()
    options = gateway.ExchangeOptions(flags=gateway.NONBLOCKING)
    wants_body = 4
    with gateway.Request(backend, params) as request:
        check(calls.gateway_request_body_written(request.handle, ctypes.c_uint64(2**64 - 1)))
        check(calls.gateway_exchange_open(backend.handle, request.handle, ctypes.byref(options),
                                          ctypes.byref(exchange)))  # fmt: skip
        piece, written = gateway.in_memory(body), False
        while True:
            status = calls.gateway_exchange_next(exchange, ctypes.byref(event))
            if status == gateway.AGAIN:
                gateway.wait(exchange)
            elif event.type == wants_body and written:
                break
            elif event.type == wants_body:
                check(calls.gateway_exchange_write(
                    exchange, ctypes.byref(piece), ctypes.c_size_t(1), 0))  # fmt: skip
                written = True
        check(calls.gateway_exchange_cancel(exchange))
        calls.gateway_exchange_close(exchange)


@pytest.mark.parametrize("name", applications.NAMES)
def test_a_host_cancels(name):
    with applications.start(name, "unix", concurrency=1) as running:
        witness = Witness(running.place.directory, "witness")
        with gateway.Backend(running.address, max_active=1) as backend:
            cancel(backend, upload_params(running, witness))
            began = time.monotonic()
            pairs = client.params(running, "case=id&token=next")
            with gateway.Request(backend, pairs) as request:
                answer = gateway.run_blocking(backend, request)
            assert (answer.outcome, answer.body) == ("complete", b"next\n"), answer
            assert time.monotonic() - began < PATIENCE
            assert seen(witness, name) == expected(name)
