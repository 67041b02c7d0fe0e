# SPDX-License-Identifier: Apache-2.0
"""Who is asking: httpd's own authentication before the application, and what it is told of it."""

import base64

from behaviour import answers, echoes
from case_table import UNIX, Case, Fragment
from raw_client import Request, sends_request

SHORT = 60
PASS = 'ProxyPass "/" "%s/"\n' % UNIX
BASIC = 'AuthType Basic\nAuthName "own"\nAuthUserFile @site@/users\nRequire valid-user\n'
DIGEST = 'AuthType Digest\nAuthName "own"\nAuthUserFile @site@/users\nRequire valid-user\n'
FORM = (
    'AuthType Form\nAuthName "own"\nAuthFormProvider file\nAuthUserFile @site@/users\n'
    "Session On\nSessionCookieName session path=/\nRequire valid-user\n"
)


def place(lines):
    return '<Location "/">\n%s</Location>\n' % lines


FRAGMENTS = {
    "none": Fragment(PASS),
    "pass": Fragment(place("CGIPassAuth On\n") + PASS),
    "basic": Fragment(place(BASIC) + PASS),
    "basic and pass": Fragment(place(BASIC + "CGIPassAuth On\n") + PASS),
    "basic, page": Fragment("ErrorDocument 401 /refused\n" + place(BASIC) + PASS
                            + '<Location "/refused">\nRequire all granted\n</Location>\n'),
    "digest": Fragment(place(DIGEST) + PASS),
    "form": Fragment(place(FORM) + PASS),
    "denied": Fragment(place("Require all denied\n") + PASS),
    "denied, page": Fragment("ErrorDocument 403 /refused\n" + place("Require all denied\n") + PASS
                             + '<Location "/refused">\nRequire all granted\n</Location>\n'),
    "host": Fragment(place("Require ip 10.0.0.0/8\n") + PASS),
    "remote ip": Fragment("RemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy 127.0.0.0/8\n"
                          + PASS),
    "remote ip, required": Fragment(
        "RemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy 127.0.0.0/8\n"
        + place("Require ip 10.0.0.0/8\n") + PASS),
    "by variable": Fragment("SetEnvIf Authorization (.+) HTTP_AUTHORIZATION=$1\n" + PASS),
    "handler": Fragment(place(BASIC + 'SetHandler "proxy:%s/"\n' % UNIX)),
}  # fmt: skip
FIELDS = {
    "nobody": (),
    "right": (("Authorization", "Basic " + base64.b64encode(b"me:my").decode()),),
    "wrong": (("Authorization", "Basic " + base64.b64encode(b"me:no").decode()),),
    "bearer": (("Authorization", "Bearer token"),),
    "digest": (("Authorization", 'Digest username="me", realm="own"'),),
    "proxy": (("Proxy-Authorization", "Basic bWU6bXk="),),
    "forwarded": (("X-Forwarded-For", "10.1.2.3"),),
    "two forwarded": (("X-Forwarded-For", "192.0.2.1, 10.1.2.3"),),
}


def cases(_random):
    for fragment in FRAGMENTS:
        for name, fields in FIELDS.items():
            for method in ("GET", "HEAD", "POST", "PUT"):
                body = b"x" * 2000 if method in ("POST", "PUT") else b""
                yield Case(
                    "%s, %s %s" % (fragment, name, method), fragment,
                    sends_request(Request(method=method, fields=fields, body=body)),
                    echoes() if method == "PUT" else answers(),
                )  # fmt: skip
