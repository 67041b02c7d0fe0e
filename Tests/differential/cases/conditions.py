# SPDX-License-Identifier: Apache-2.0
"""Ranges and conditions: what the client asks for, and what the application says of its page."""

from behaviour import PAGE, head, sends, sends_pieces
from case_table import Case
from raw_client import Request, sends_request

SHORT = 150
MODIFIED = "Thu, 01 Jan 2015 00:00:00 GMT"
EARLIER, LATER = "Wed, 01 Jan 2014 00:00:00 GMT", "Fri, 01 Jan 2016 00:00:00 GMT"
ASKED = {
    "first": [("Range", "bytes=0-3")],
    "last": [("Range", "bytes=-4")],
    "open": [("Range", "bytes=5-")],
    "whole": [("Range", "bytes=0-")],
    "two": [("Range", "bytes=0-1,4-5")],
    "beyond": [("Range", "bytes=999999999-")],
    "backwards": [("Range", "bytes=5-1")],
    "other unit": [("Range", "lines=1-2")],
    "if-range etag": [("Range", "bytes=0-3"), ("If-Range", '"one"')],
    "if-range other": [("Range", "bytes=0-3"), ("If-Range", '"two"')],
    "if-range date": [("Range", "bytes=0-3"), ("If-Range", MODIFIED)],
    "if-none-match": [("If-None-Match", '"one"')],
    "if-none-match other": [("If-None-Match", '"two"')],
    "if-none-match any": [("If-None-Match", "*")],
    "if-match": [("If-Match", '"one"')],
    "if-match other": [("If-Match", '"two"')],
    "if-modified earlier": [("If-Modified-Since", EARLIER)],
    "if-modified later": [("If-Modified-Since", LATER)],
    "if-unmodified earlier": [("If-Unmodified-Since", EARLIER)],
    "if-unmodified later": [("If-Unmodified-Since", LATER)],
}
SAID = {
    "nothing": (),
    "ranges": (b"Accept-Ranges: bytes",),
    "no ranges": (b"Accept-Ranges: none",),
    "etag": (b'ETag: "one"',),
    "etag and ranges": (b'ETag: "one"', b"Accept-Ranges: bytes"),
    "date": (b"Last-Modified: " + MODIFIED.encode(),),
    "all": (b'ETag: "one"', b"Last-Modified: " + MODIFIED.encode(), b"Accept-Ranges: bytes"),
    "206": (b"Status: 206 Partial Content", b"Content-Range: bytes 0-3/28"),
    "404": (b"Status: 404 Not Found", b'ETag: "one"'),
    "length": (b"Content-Length: 28",),
    "length and ranges": (b"Content-Length: 28", b"Accept-Ranges: bytes"),
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PROPFIND")
THROUGH = ("unix", "unix kept", "tcp", "handler")


def cases(_random):
    number = 0
    for asked, fields in ASKED.items():
        for said, lines in SAID.items():
            for method in METHODS:
                for size in ("small", "large"):
                    number += 1
                    long = PAGE if size == "small" else PAGE * 5000
                    own = tuple(line.replace(b"28", b"%d" % len(long)) for line in lines)
                    first = head(None, b"Content-Type: text/plain", *own)
                    pieces = sends_pieces(first + long[:100], long[100:], seconds=0.005)
                    application = sends(first + long) if number % 3 else pieces
                    request = Request(method=method, fields=tuple(fields))
                    yield Case(
                        "%s, said %s, %s %s" % (asked, said, method, size),
                        THROUGH[number % len(THROUGH)], sends_request(request), application,
                        # Shows a row.
                        short=(asked, said, method, size) == ("first", "ranges", "GET", "small"),
                    )  # fmt: skip
