# SPDX-License-Identifier: Apache-2.0
"""What the application says of its length: absent, right, wrong, unreadable, repeated."""

from behaviour import PAGE, PLAIN, head, sends, sends_pieces
from case_table import Case
from raw_client import Request, sends_request

SHORT = 40
THROUGH = ("unix", "tcp", "unix kept", "tcp kept", "handler")
# Each shows a row.
SHOWN = ("one less", "one more", "empty", "two")
SIZES = {"empty": b"", "small": PAGE, "medium": PAGE * 1000, "large": PAGE * 40000}


def forms(size):
    """Names of what is said of a body of size bytes, and the fields that say it."""
    return {
        "absent": [],
        "right": [b"%d" % size],
        "padded": [b"  %d  " % size],
        "leading zeros": [b"000%d" % size],
        "one less": [b"%d" % max(0, size - 1)],
        "one more": [b"%d" % (size + 1)],
        "much more": [b"%d" % (size + 100_000)],
        "zero": [b"0"],
        "empty": [b""],
        "fraction": [b"%d.5" % size],
        "negative": [b"-%d" % (size + 1)],
        "plus": [b"+%d" % size],
        "hexadecimal": [b"0x%x" % size],
        "word": [b"none"],
        "too large": [b"9" * 30],
        "twice": [b"%d" % size] * 2,
        "list": [b"%d, %d" % (size, size)],
        "two": [b"%d" % size, b"%d" % (size + 5)],
    }


def cases(_random):
    number = 0
    for size_name, body in SIZES.items():
        for form, values in forms(len(body)).items():
            for method in ("GET", "HEAD", "POST"):
                for manner in ("at once", "in pieces"):
                    number += 1
                    fields = [b"Content-Length: " + value for value in values]
                    first = head(None, *fields, end=b"") + PLAIN + b"\r\n"
                    if manner == "at once":
                        application = sends(first + body)
                    else:
                        half = len(body) // 2
                        application = sends_pieces(first, body[:half], body[half:])
                    yield Case(
                        "%s %s %s %s" % (form, size_name, method, manner),
                        THROUGH[number % len(THROUGH)],
                        sends_request(Request(method=method)),
                        application,
                        short=form in SHOWN and size_name == "medium" and method == "GET",
                    )
