# SPDX-License-Identifier: Apache-2.0
"""Random requests to random applications: what no table has thought of. --seed makes others."""

from behaviour import head, sends, sends_pieces
from case_table import UNIX, Case, Fragment
from raw_client import Request, sends_request

SHORT = 60
COUNT = 1500
SHOWN = (93, 380, 830)
PASS = 'ProxyPass "/" "%s/"\n' % UNIX
FRAGMENTS = {
    "error page": Fragment("ErrorDocument 404 /other\nProxyErrorOverride On 404 500\n" + PASS),
    "headers": Fragment('Header always set X-Own "one"\nHeader unset X-F1\n' + PASS),
    "deflate": Fragment("SetOutputFilter DEFLATE\n" + PASS),
    "conditions": Fragment('<If "%%{QUERY_STRING} =~ /a/">\nSetEnv A 1\n</If>\n%s' % PASS),
}
THROUGH = ("unix", "unix kept", "tcp", "tcp kept", "handler", *FRAGMENTS)
METHODS = ("GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND", "REPORT")
NAMES = ("Accept", "Accept-Encoding", "Cookie", "Referer", "User-Agent", "X-Odd_Name", "Via",
         "If-None-Match", "If-Modified-Since", "Range", "Authorization", "Proxy", "Pragma",
         "Content-Type", "Cache-Control", "X-Forwarded-For")  # fmt: skip
VALUES = ("", "*/*", "gzip", "a=b; c=d", "http://a/", '"one"', "bytes=0-3", "Basic eDp5",
          "x" * 900, "a, b", "text/html;q=0.5", "Thu, 01 Jan 2015 00:00:00 GMT")  # fmt: skip
PATH = "abcXYZ019-._~!$&'()*+,;=:@/%"
STATUSES = (
    None, None, None, b"200 OK", b"201 Created", b"204 No Content", b"301 Moved", b"304 Same",
    b"404 Not Found", b"418 Teapot", b"451", b"500 Broken", b"599 Odd",
)  # fmt: skip
SENT = (
    b"X-F1: one", b"X-F2:  two  ", b"Set-Cookie: a=1", b"Set-Cookie: b=2; Path=/",
    b"Vary: Accept", b"Cache-Control: no-store", b'ETag: "one"', b"Expires: 0",
    b"Link: </a>; rel=next", b"Last-Modified: Thu, 01 Jan 2015 00:00:00 GMT",
    b"Content-Language: de",
)  # fmt: skip
TYPES = (b"text/plain", b"text/html; charset=utf-8", b"application/json", b"image/png")


def target(random):
    path = "".join(random.choice(PATH) for _ in range(random.randrange(20)))
    path = path.replace("%", "%" + random.choice(("20", "41", "7E", "c3")))
    query = random.choice(("", "", "?", "?a=1", "?a=%20b&c", "?x=" + "y" * 200))
    return "/p" + path.lstrip("/") + query


def request(random):
    fields = [(random.choice(NAMES), random.choice(VALUES)) for _ in range(random.randrange(6))]
    method = random.choice(METHODS)
    body = {}
    if method in ("POST", "PUT", "REPORT", "PROPFIND") and random.random() < 0.7:
        content = bytes(random.randrange(256) for _ in range(random.choice((1, 40, 900))))
        is_chunked = random.random() < 0.3
        body = {"chunks": (content[:7], content[7:] or b"x")} if is_chunked else {"body": content}
    version = "1.0" if random.random() < 0.1 and "chunks" not in body else "1.1"
    return Request(target(random), method, tuple(fields), version=version, **body)


def application(random):
    fields = random.sample(SENT, random.randrange(6))
    page = b"%d" % random.randrange(10**9) * random.choice((1, 1, 30, 4000))
    first = head(random.choice(STATUSES), b"Content-Type: " + random.choice(TYPES), *fields)
    if random.random() < 0.3:
        cut = random.randrange(len(page))
        return sends_pieces(first, page[:cut], page[cut:], seconds=0.003)
    return sends(first + page)


def cases(random):
    for number in range(COUNT):
        asked = request(random)
        yield Case(
            "%d %s %s" % (number, asked.method, asked.version), random.choice(THROUGH),
            sends_request(asked), application(random),
            # These show a row with the usual seed.
            short=number in SHOWN,
        )  # fmt: skip
