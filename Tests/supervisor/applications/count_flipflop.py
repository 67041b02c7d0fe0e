#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Answers "PID SERVED CROWDED QUERY"; crowded: another connection waits at its socket."""

import os
import select

from flipflop import WSGIServer

served = 0


def application(environ, start_response):
    global served
    served += 1
    crowded = len(select.select([0], [], [], 0)[0])
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%d %d %d %s\n" % (os.getpid(), served, crowded, environ["QUERY_STRING"].encode())]


WSGIServer(application).run()
