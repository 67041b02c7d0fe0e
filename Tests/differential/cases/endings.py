# SPDX-License-Identifier: Apache-2.0
"""Applications that end where they should not, at each stage, kept and not."""

from behaviour import PAGE, PLAIN, breaks_off, head, sends
from case_table import Case
from raw_client import Request, sends_request

SHORT = 100
THROUGH = ("unix", "unix kept", "tcp", "tcp kept")
WHOLE = head(None, b"Content-Type: text/plain") + PAGE
LONG = head(None, b"Content-Type: text/plain") + PAGE * 20000
CONTENTS = {
    "before the head": b"",
    "in the head": b"Status: 200 OK\r\nContent-Ty",
    "in a field": b"Content-Type: text/plain\r\nX-Own: 1\r\n",
    "after the head": head(None, b"Content-Type: text/plain"),
    "in the body": WHOLE,
    "in a long body": LONG,
}


def cases(_random):
    for fragment in THROUGH:
        for stage, content in CONTENTS.items():
            for reset in (False, True):
                for method in ("GET", "HEAD", "POST"):
                    body = b"x" * 3000 if method == "POST" else b""
                    yield Case(
                        "%s %s %s %s" % (stage, "reset" if reset else "closed", method, fragment),
                        fragment,
                        sends_request(Request(method=method, body=body)),
                        breaks_off(content, reset=reset),
                        slow="body" in stage,
                        patience=3,
                    )
        for name, content in (("no head", b""), ("only fields", PLAIN), ("no colon", b"x\r\n\r\n")):
            yield Case(
                "%s %s" % (name, fragment), fragment,
                application=sends(content), short=name == "no colon",
            )  # fmt: skip
