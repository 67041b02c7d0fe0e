#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A scripted FastCGI application: does one thing wrong, or right, on every connection.

    responder.py --listen unix:/path | tcp:127.0.0.1:0  BEHAVIOUR  [--log FILE]
    responder.py --list

Prints "ready ADDRESS" once it listens, and runs until it is told to end by SIGTERM. What it
answers depends on the request, so that mixed-up answers show: see body_for. With --log each
request that it takes leaves a line "METHOD QUERY_STRING" in the file, and some behaviours more.
"""

import argparse
import os
import resource
import signal
import socket
import sys
import threading

import provocations  # noqa: F401: its behaviours add themselves
from behaviours import BEHAVIOURS
from fastcgi import BEGIN_REQUEST, KEEP_CONN, PARAMS, decode_pairs, receive_record

# Each thread takes one connection at a time: more than any test opens at once.
THREADS = 96
BACKLOG = 1024


class Request:
    """A request whose params have been read, and nothing after them."""

    log = None

    def __init__(self, connection, request_id, role, flags, params):
        self.connection = connection
        self.role = role
        self.id = request_id
        self.keep = bool(flags & KEEP_CONN)
        self.params = params

    @property
    def query(self):
        return self.params.get(b"QUERY_STRING", b"")

    @property
    def method(self):
        return self.params.get(b"REQUEST_METHOD", b"GET")

    def note(self, line):
        """Leaves a line in the log, for what no answer can tell."""
        if self.log is not None:
            os.write(self.log, line + b"\n")


def read_request(connection):
    """Reads up to the end of the params, and not a byte further; None when the peer has closed."""
    begin = receive_record(connection)
    # STDIN of the last exchange may still come on a kept connection: its end, nothing else.
    while begin is not None and begin.type != BEGIN_REQUEST:
        if begin.content:
            return None
        begin = receive_record(connection)
    if begin is None:
        return None
    params = []
    while True:
        piece = receive_record(connection)
        if piece is None or piece.type != PARAMS or piece.request_id != begin.request_id:
            return None
        if not piece.content:
            break
        params.append(piece.content)
    pairs = dict(decode_pairs(b"".join(params)))
    return Request(connection, begin.request_id, begin.content[1], begin.content[2], pairs)


def serve(listener, behave, log):
    while True:
        connection, _ = listener.accept()
        with connection:
            try:
                serve_connection(connection, behave, log)
            except (ConnectionError, ValueError):
                pass


def serve_connection(connection, behave, log):
    while True:
        request = read_request(connection)
        if request is None:
            return
        request.log = log
        request.note(request.method + b" " + request.query)
        if not behave(request):
            return


def listen(address):
    kind, _, rest = address.partition(":")
    if kind == "unix":
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(rest)
        os.chmod(rest, 0o666)
    else:
        host, _, port = rest.rpartition(":")
        listener = socket.socket()
        listener.bind((host, int(port)))
        address = "tcp:%s:%d" % listener.getsockname()
    listener.listen(BACKLOG)
    return listener, address


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("behaviour", nargs="?", choices=sorted(BEHAVIOURS))
    parser.add_argument("--listen")
    parser.add_argument("--log")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    if options.list:
        for name in sorted(BEHAVIOURS):
            print("%-22s %s" % (name, BEHAVIOURS[name].__doc__))
        return 0
    if not options.behaviour or not options.listen:
        parser.error("a behaviour and --listen are needed")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    log = None
    if options.log:
        log = os.open(options.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    listener, address = listen(options.listen)
    behave = BEHAVIOURS[options.behaviour]
    for _ in range(THREADS):
        threading.Thread(target=serve, args=(listener, behave, log), daemon=True).start()
    print("ready", address, flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    return 0


if __name__ == "__main__":
    # Blocked in every thread, so that only the wait at the end of main takes them.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    sys.stdout.flush()
    os._exit(main())
