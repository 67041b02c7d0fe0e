# SPDX-License-Identifier: Apache-2.0
"""Every status from 100 to 999, with and without a reason, asked by GET and HEAD."""

from behaviour import answers
from case_table import Case
from raw_client import Request, sends_request

SHORT = 200
THROUGH = ("unix", "tcp kept", "handler", "unix kept")


def cases(_random):
    for number in range(100, 1000):
        for reason in (b" Own Reason", b""):
            for method in ("GET", "HEAD"):
                name = "%d%s %s" % (number, reason.decode(), method)
                status = b"%d%s" % (number, reason)
                yield Case(
                    name,
                    THROUGH[number % len(THROUGH)],
                    sends_request(Request(method=method)),
                    answers(status),
                    slow=number < 200,
                    patience=2 if number < 200 else 15,
                    short=number in (101, 103, 204, 304, 600, 999) and method == "GET",
                )
