# SPDX-License-Identifier: Apache-2.0
"""Response fields: how many, how long, and of which kinds."""

from behaviour import PAGE, head, sends, sends_pieces
from case_table import Case
from raw_client import Request, sends_request

THROUGH = ("unix", "unix kept", "tcp", "tcp kept", "handler")
COUNTS = (1, 2, 10, 50, 100, 190, 250, 990)
SIZES = (1, 100, 1000, 4000, 8000, 8190, 8192, 8193, 16000, 32000, 60000)
KINDS = {
    "cookies": (b"Set-Cookie: a=1", b"Set-Cookie: b=2; Path=/", b"Set-Cookie: c=3; HttpOnly"),
    "twice": (b"X-Own: one", b"X-Own: two"),
    "vary twice": (b"Vary: Accept", b"Vary: Cookie"),
    "warnings": (b'Warning: 199 - "one"', b'Warning: 199 - "two"'),
    "case": (b"x-OWN: one", b"X-own: two"),
    "no value": (b"X-Empty:", b"X-Blank:   "),
    "white space": (b"X-Space: \t one \t", b"X-Tab:\tone"),
    "latin-1": (b"X-Own: \xe4\xf6\xfc",),
    "utf-8": ("X-Own: äöü€".encode(),),
    "no content type": (b"X-Own: one",),
    "two content types": (b"Content-Type: text/html", b"Content-Type: text/css"),
    "date": (b"Date: Thu, 01 Jan 2015 00:00:00 GMT",),
    "server": (b"Server: own/1.0",),
    "powered by": (b"X-Powered-By: own",),
    "last modified": (b"Last-Modified: Thu, 01 Jan 2015 00:00:00 GMT",),
    "last modified, no date": (b"Last-Modified: yesterday",),
    "etag": (b'ETag: "one"',),
    "weak etag": (b'ETag: W/"one"',),
    "expires": (b"Expires: Thu, 01 Jan 2015 00:00:00 GMT", b"Cache-Control: no-store"),
    "location absolute": (b"Location: http://elsewhere.example/",),
    "location with status": (b"Status: 303 See Other", b"Location: /page"),
    "location absolute with status": (b"Status: 307 No", b"Location: http://elsewhere.example/"),
    "location relative with status": (b"Status: 302 Found", b"Location: other"),
    "created": (b"Status: 201 Created", b"Location: /made"),
    "connection": (b"Connection: close", b"Keep-Alive: timeout=5"),
    "connection names": (b"Connection: X-Own", b"X-Own: 1"),
    "upgrade": (b"Upgrade: own", b"Connection: upgrade"),
    "trailer": (b"Trailer: X-Own",),
    "transfer encoding": (b"Transfer-Encoding: chunked",),
    "content encoding": (b"Content-Encoding: gzip",),
    "content language": (b"Content-Language: de", b"Content-Language: en"),
    "charset": (b"Content-Type: text/html; charset=utf-8",),
    "authenticate": (b"Status: 401 No", b'WWW-Authenticate: Basic realm="a"',
                     b'WWW-Authenticate: Digest realm="b"'),
    "status word": (b"Status: OK",),
    "status empty": (b"Status:",),
    "status long": (b"Status: 2000 Long",),
    "status no space": (b"Status:404",),
    "nph": (b"HTTP/1.1 404 Not Found",),
    "proxy fields": (b"Proxy-Authenticate: Basic", b"Via: 1.0 own", b"X-Cache: own"),
    "retry after": (b"Status: 503 No", b"Retry-After: 120"),
    "folded": (b"X-Own: one\r\n two",),
    "bare LF": (b"X-Own: one\nX-Two: two",),
    "space before colon": (b"X-Own : one",),
    "no name": (b": one",),
    "control": (b"X-Own: one\x01two",),
}  # fmt: skip
TYPE = b"Content-Type: text/plain"


def cases(_random):
    for number, count in enumerate(COUNTS):
        lines = [b"X-Field-%d: value %d" % (n, n) for n in range(count)]
        for fragment in THROUGH:
            content = head(None, TYPE, *lines) + PAGE
            yield Case("%d fields %s" % (count, fragment), fragment, application=sends(content))
    for size in SIZES:
        for fragment in THROUGH:
            content = head(None, TYPE, b"X-Long: " + b"x" * size) + PAGE
            yield Case("%d bytes %s" % (size, fragment), fragment, application=sends(content))
            many = [b"X-Long-%d: %s" % (n, b"x" * (size // 8)) for n in range(8)]
            content = head(None, TYPE, *many) + PAGE
            yield Case("8 of %d bytes %s" % (size, fragment), fragment, application=sends(content))
    for name, fields in KINDS.items():
        own = name == "no content type" or any(b"Content-Type" in each for each in fields)
        content = head(None, *(() if own else (TYPE,)), *fields) + PAGE
        for method in ("GET", "HEAD", "POST"):
            for version in ("1.1", "1.0"):
                request = Request(method=method, version=version)
                yield Case(
                    "%s %s %s" % (name, method, version),
                    THROUGH[len(name) % len(THROUGH)],
                    sends_request(request),
                    sends(content),
                )
        yield Case("%s in pieces" % name, "unix kept", application=sends_pieces(
            content[:20], content[20:45], content[45:]))  # fmt: skip
