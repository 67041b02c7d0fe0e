#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Answers "PID SERVED CROWDED QUERY" in several threads; crowded: more run than CONCURRENCY."""

import os
import threading

from flup.server.fcgi import WSGIServer

lock = threading.Lock()
served = running = 0


def application(environ, start_response):
    global served, running
    with lock:
        served += 1
        running += 1
        number, crowded = served, running > int(os.environ["CONCURRENCY"])
    if "sleep=" in environ["QUERY_STRING"]:
        threading.Event().wait(int(environ["QUERY_STRING"].split("sleep=")[1]) / 1000)
    start_response("200 OK", [("Content-Type", "text/plain")])
    with lock:
        running -= 1
    return [b"%d %d %d %s\n" % (os.getpid(), number, crowded, environ["QUERY_STRING"].encode())]


WSGIServer(application).run()
