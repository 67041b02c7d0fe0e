# SPDX-License-Identifier: Apache-2.0
"""Pages of applications behind httpd's own filters, in both directions."""

import gzip

from behaviour import PAGE, answers, echoes, head, sends, sends_pieces
from case_table import UNIX, Case, Fragment
from raw_client import Request, sends_request

SHORT = 140
PASS = 'ProxyPass "/" "%s/"\n' % UNIX
SECURITY = (
    "SecRuleEngine On\nSecRequestBodyAccess On\nSecResponseBodyAccess On\n"
    "SecResponseBodyMimeType text/plain text/html\nSecAuditEngine Off\n"
)
LINES = {
    "deflate": "SetOutputFilter DEFLATE\n",
    "deflate by type": "AddOutputFilterByType DEFLATE text/plain text/html\n",
    "inflate": "SetInputFilter DEFLATE\n",
    "inflate output": "SetOutputFilter INFLATE\n",
    "brotli": "SetOutputFilter BROTLI_COMPRESS\n",
    "substitute": 'SetOutputFilter SUBSTITUTE\nSubstitute "s/page/sheet/"\n',
    "ratelimit": "SetOutputFilter RATE_LIMIT\nSetEnv rate-limit 4000\n",
    "include": "SetOutputFilter INCLUDES\nOptions +Includes\n",
    "headers": 'Header set X-Own "server"\nHeader unset X-Application\n'
    "Header always set X-Always 1\n",
    "expires": 'ExpiresActive On\nExpiresDefault "access plus 1 hour"\n',
    "buffer": "SetOutputFilter BUFFER\n",
    "trust length": "SetEnv ap_trust_cgilike_cl 1\n",
    "reject by request": SECURITY + 'SecRule REQUEST_BODY "evil" "id:1,phase:2,deny,status:403"\n',
    "reject by response": SECURITY
    + 'SecRule RESPONSE_BODY "evil" "id:2,phase:4,deny,status:403"\n',
    "reject by status": SECURITY
    + 'SecRule RESPONSE_STATUS "@eq 404" "id:3,phase:3,deny,status:410"\n',
}
FRAGMENTS = {
    name: Fragment(('<Location "/">\n' + lines + "</Location>\n" if "Expires" not in lines and
                    "SecRule" not in lines else lines) + PASS)
    for name, lines in LINES.items()
}  # fmt: skip
FRAGMENTS["security in all"] = Fragment(SECURITY + PASS)
UPLOADS = {"good": b"good" * 100, "evil": b"evil" * 100, "long": b"x" * 200_000}
HTML = b"Content-Type: text/html"
SIZES = {"empty": b"", "small": PAGE, "large": PAGE * 6000}
EXTRA = {
    "plain": (),
    "etag": (b'ETag: "one"',),
    "weak etag": (b'ETag: W/"one"',),
    "encoded": (b"Content-Encoding: gzip",),
    "vary": (b"Vary: Cookie",),
    "length": None,
    "application": (b"X-Application: 1", b"X-Own: application"),
    "404": (b"Status: 404 Not Found",),
    "304": (b"Status: 304 Not Modified",),
}


def cases(_random):
    for fragment in FRAGMENTS:
        for size, body in SIZES.items():
            for name, lines in EXTRA.items():
                for method in ("GET", "POST"):
                    own = (b"Content-Length: %d" % len(body),) if lines is None else lines
                    content = gzip.compress(body, mtime=0) if name == "encoded" else body
                    if name == "304":
                        content = b""
                    first = head(None, HTML, *own)
                    fields = (("Accept-Encoding", "gzip, br"),)
                    request = Request(method=method, fields=fields)
                    cuts = len(name + size + method) % 2
                    yield Case(
                        "%s, %s %s %s" % (fragment, size, name, method), fragment,
                        sends_request(request),
                        sends_pieces(first, content) if cuts else sends(first + content),
                        slow=fragment == "ratelimit",
                    )  # fmt: skip
        for name, body in UPLOADS.items():
            yield Case("%s, upload %s" % (fragment, name), fragment,
                       sends_request(Request(method="POST", body=body)), echoes(),
                       slow=fragment == "ratelimit")  # fmt: skip
    packed = gzip.compress(b"unpacked" * 1000, mtime=0)
    for chunks in (None, (packed[:10], packed[10:])):
        request = Request(method="POST", body=packed, chunks=chunks,
                          fields=(("Content-Encoding", "gzip"),))  # fmt: skip
        yield Case("packed upload %s" % bool(chunks), "inflate", sends_request(request), echoes())
    page = b'<!--#echo var="QUERY_STRING" -->.<!--#include virtual="/part" -->'
    yield Case("a page with parts", "include", application=answers(body=page,
               content_type=b"text/html"))  # fmt: skip
