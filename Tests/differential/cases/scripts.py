# SPDX-License-Identifier: Apache-2.0
"""php-fpm with scripts: what PHP makes of a request, and httpd of PHP's answer."""

from case_table import Case, Fragment
from raw_client import Request, sends_request

SHORT = 60
SITE = "DocumentRoot @site@\n"
PHP = '<FilesMatch "\\.php$">\nSetHandler "proxy:@php@|fcgi://@name@/"\n</FilesMatch>\n'
IF = '<If "-f %{REQUEST_FILENAME}">\nSetHandler'
FRAGMENTS = {
    "handler": Fragment(SITE + PHP),
    "match": Fragment(
        SITE + 'ProxyPassMatch "^/(.*\\.php(/.*)?)$" "@php@|fcgi://@name@@site@/$1"\n'
    ),
    "override": Fragment(SITE + PHP + "ProxyErrorOverride On\nErrorDocument 404 /errors/a.txt\n"),
    "page of errors": Fragment(SITE + PHP + "ErrorDocument 404 /script.php?do=lost\n"),
    "deflate": Fragment(SITE + PHP + '<Location "/">\nSetOutputFilter DEFLATE\n</Location>\n'),
    "only files": Fragment(
        SITE + PHP.replace("SetHandler", IF).replace("</Files", "</If>\n</Files")
    ),
}  # fmt: skip
DOES = ("page", "large", "location", "cookie", "length", "warning", "fatal", "early",
        "upload", "get", "flush", "nothing", "readonly", "range", "lost")  # fmt: skip


def cases(_random):
    for fragment in FRAGMENTS:
        for do in DOES:
            for method in ("GET", "POST", "PUT"):
                for size in (0, 10, 100_000) if method != "GET" else (0,):
                    request = Request("/script.php?do=" + do, method, body=b"a=" * (size // 2))
                    yield Case("%s %s %s %d" % (fragment, do, method, size), fragment,
                               sends_request(request))  # fmt: skip
        for target in ("/missing.php", "/script.php/info?do=page", "/note.txt", "/missing.txt"):
            yield Case("%s %s" % (fragment, target), fragment, sends_request(Request(target)))
