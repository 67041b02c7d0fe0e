# SPDX-License-Identifier: Apache-2.0
"""Error pages: by file, by the application, by PHP; with and without ProxyErrorOverride."""

from behaviour import PAGE, breaks_off, head
from case_table import UNIX, Case, Fragment
from raw_client import Request, sends_request

SHORT = 140
PASS = 'ProxyPass "/errors" "!"\nProxyPass "/" "%s/"\n' % UNIX
FILE = "ErrorDocument 401 /errors/a.txt\n" + "".join(
    "ErrorDocument %d /errors/a.txt\n" % code for code in (403, 404, 410, 500, 502, 503, 504)
)
ALIAS = 'Alias "/errors" "@site@/errors"\n'
SCRIPT = FILE.replace("/errors/a.txt", "/made/error.page")
TEXT = FILE.replace("/errors/a.txt", '"the text"')
URL = FILE.replace("ErrorDocument 401 /errors/a.txt\n", "").replace(
    "/errors/a.txt", "http://elsewhere.example/")  # fmt: skip
FRAGMENTS = {
    "none": Fragment(ALIAS + PASS),
    "file": Fragment(ALIAS + FILE + PASS),
    "override": Fragment(ALIAS + "ProxyErrorOverride On\n" + PASS),
    "override, file": Fragment(ALIAS + "ProxyErrorOverride On\n" + FILE + PASS),
    "override, codes": Fragment(ALIAS + "ProxyErrorOverride On 404 500\n" + FILE + PASS),
    "application": Fragment(ALIAS + SCRIPT + PASS),
    "override, text": Fragment("ProxyErrorOverride On\n" + TEXT + PASS),
    "override, url": Fragment("ProxyErrorOverride On\n" + URL + PASS),
    "override, kept": Fragment(
        ALIAS + "ProxyErrorOverride On\n" + FILE + PASS.replace('/"\n', '/" enablereuse=on\n')
    ),
}
STATUSES = (b"200 OK", b"304 Not Modified", b"401 No", b"403 No", b"404 Not Found", b"410 Gone",
            b"418 Own", b"500 Broken", b"503 Busy", b"504 Late")  # fmt: skip
MORE = (b'WWW-Authenticate: Basic realm="own"', b"Retry-After: 120", b"Set-Cookie: a=1",
        b"X-Own: one")  # fmt: skip


def with_errors(content):
    """Answers the first path with content, and the page of the error with one of its own."""

    async def application(exchange):
        await exchange.read()
        if exchange.params.get(b"REQUEST_URI") != exchange.params.get(b"SCRIPT_NAME") and (
            b"/made/" in exchange.params.get(b"SCRIPT_NAME", b"")
        ):
            await exchange.answer(head(None, b"Content-Type: text/plain") + b"page of the error")
        else:
            await exchange.answer(content)

    return application


def cases(_random):
    for fragment in FRAGMENTS:
        for status in STATUSES:
            for size in ("empty", "small", "large"):
                body = {"empty": b"", "small": PAGE, "large": PAGE * 4000}[size]
                if status.startswith(b"304"):
                    body = b""
                content = head(status, b"Content-Type: text/html", *MORE) + body
                for method in ("GET", "HEAD", "POST"):
                    upload = b"x" * 500 if method == "POST" else b""
                    yield Case(
                        "%s, %s %s %s" % (fragment, status.decode(), size, method), fragment,
                        sends_request(Request(method=method, body=upload)), with_errors(content),
                    )  # fmt: skip
        yield Case("%s, broken" % fragment, fragment, application=breaks_off())
