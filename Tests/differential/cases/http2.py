# SPDX-License-Identifier: Apache-2.0
"""HTTP/2, by TLS and without, and TLS with HTTP/1.1: variables, bodies, answers that break off."""

from behaviour import PAGE, answers, breaks_off, echoes, head, sends, sends_pieces
from case_table import UNIX, Case, Fragment
from h2_exchange import sends_over_h2
from raw_client import Request, sends_request

SHORT = 90
# The client, of Python, is slower than what it looks at.
SERIAL = True
PASS = 'ProxyPass "/" "%s/"\n' % UNIX
KEPT = PASS.replace('/"\n', '/" enablereuse=on\n')
TLS = "SSLOptions +StdEnvVars +ExportCertData\nSSLVerifyClient none\n"
PLAIN = "Protocols h2c http/1.1\n"
FRAGMENTS = {
    "h2c": Fragment(PLAIN + PASS),
    "h2c kept": Fragment(PLAIN + KEPT),
    "h2c deflate": Fragment(
        PLAIN + '<Location "/">\nSetOutputFilter DEFLATE\n</Location>\n' + PASS
    ),
    "h2": Fragment("Protocols h2 http/1.1\n" + TLS + PASS, tls=True),
    "tls": Fragment(TLS + PASS, tls=True),
    "tls without variables": Fragment(PASS, tls=True),
    "tls kept": Fragment(TLS + KEPT, tls=True),
}
FIELDS = (("Cookie", "a=1"), ("Accept-Encoding", "gzip"))
FIRST = head(None, b"Content-Type: text/plain")
APPLICATIONS = {
    "page": answers(),
    "large": sends(FIRST + PAGE * 5000),
    "pieces": sends_pieces(FIRST, PAGE, PAGE),
    "length": sends(head(None, b"Content-Type: text/plain", b"Content-Length: 28") + PAGE),
    "404": answers(b"404 Not Found"),
    "204": answers(b"204 No Content", body=b""),
    "304": answers(b"304 Not Modified", b'ETag: "one"', body=b""),
    "redirect": answers(b"302 Found", b"Location: /elsewhere"),
    "cookies": answers(None, b"Set-Cookie: a=1", b"Set-Cookie: b=2"),
    "echo": echoes(),
}
BROKEN = {
    "before the head": breaks_off(),
    "in the body": breaks_off(FIRST + PAGE * 4000),
}


def cases(_random):
    for fragment in FRAGMENTS:
        over_h2 = fragment.startswith("h2")
        client = sends_over_h2 if over_h2 else sends_request
        for name, application in APPLICATIONS.items():
            for method in ("GET", "HEAD", "POST", "PUT", "PROPFIND"):
                if method == "HEAD" and "deflate" in fragment:
                    continue
                for size in (0, 10, 150_000) if method in ("POST", "PUT") else (0,):
                    request = Request(method=method, body=b"x" * size, fields=FIELDS)
                    yield Case("%s %s %d %s" % (name, method, size, fragment), fragment,
                               client(request), application)  # fmt: skip
        for name, application in BROKEN.items():
            for method in ("GET", "POST"):
                yield Case("%s %s %s" % (name, method, fragment), fragment,
                           client(Request(method=method, body=b"x" * 500)), application,
                           slow=True, patience=8)  # fmt: skip
        if over_h2:
            two = (Request(), Request(method="POST", body=b"x" * 100), Request())
            yield Case("three requests %s" % fragment, fragment, client(*two), echoes())
