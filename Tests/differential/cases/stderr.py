# SPDX-License-Identifier: Apache-2.0
"""STDERR: none to 3 MB of it, in lines of several lengths, before the head and in the body."""

from behaviour import PAGE, complains, head
from case_table import Case
from raw_client import Request, sends_request

THROUGH = ("unix", "unix kept", "tcp", "tcp kept", "handler")
LINES = {
    "one line": b"a complaint\n",
    "no end of line": b"a complaint",
    "two lines": b"one\ntwo\n",
    "three lines, last open": b"one\ntwo\nthree",
    "empty lines": b"\n\none\n\n",
    "CR LF": b"one\r\ntwo\r\n",
    "control characters": b"one\x01\x1btwo\n",
    "utf-8": "äöü€\n".encode(),
    "long line": b"x" * 5000 + b"\n",
    "64 KiB of short lines": b"a\n" * 32768,
    "300 KB": b"".join(b"%06d a complaint of an application\n" % n for n in range(8000)),
    "3 MB": b"".join(b"%06d a complaint of an application\n" % n for n in range(80000)),
    "a line of 100,000 bytes": b"y" * 100_000 + b"\n",
    "php": b"PHP message: PHP Warning:  Undefined variable $a in /a.php on line 3\n",
}


def cases(_random):
    for fragment in THROUGH:
        for name, lines in LINES.items():
            for method in ("GET", "HEAD"):
                yield Case(
                    "%s %s %s" % (name, method, fragment), fragment,
                    sends_request(Request(method=method)), complains(lines),
                    short=name == "64 KiB of short lines" and method == "GET",
                )  # fmt: skip
        for status in (b"404 Not Found", b"500 Broken"):
            content = head(status, b"Content-Type: text/plain") + PAGE
            yield Case("%s %s" % (status.decode(), fragment), fragment,
                       application=complains(b"a complaint\n", content))  # fmt: skip
