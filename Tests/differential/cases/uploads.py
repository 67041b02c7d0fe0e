# SPDX-License-Identifier: Apache-2.0
"""Request bodies that come whole: sizes, codings, methods, and applications that read or do not."""

from behaviour import answers, echoes
from case_table import Case
from raw_client import Request, sends_request

SHORT = 160
THROUGH = ("unix", "unix kept", "tcp", "tcp kept")
SIZES = (0, 1, 8191, 8192, 65535, 65536, 200_000, 1_500_000)
APPLICATIONS = {
    "reads": answers(),
    "echoes": echoes(),
}


def content(size):
    return (b"0123456789abcdef" * (size // 16 + 1))[:size]


def cases(_random):
    for fragment in THROUGH:
        for name, application in APPLICATIONS.items():
            for size in SIZES:
                for method in ("POST", "PUT", "PATCH", "DELETE", "GET", "PROPFIND"):
                    for version in ("1.1", "1.0"):
                        body = content(size)
                        request = Request(method=method, body=body, version=version)
                        yield Case(
                            "%s %d %s %s %s" % (name, size, method, version, fragment),
                            fragment, sends_request(request), application,
                        )  # fmt: skip
                for count in (1, 7):
                    piece = max(1, size // count)
                    chunks = tuple(content(size)[at : at + piece] for at in range(0, size, piece))
                    request = Request(method="POST", chunks=chunks)
                    yield Case(
                        "%s %d in %d chunks %s" % (name, size, count, fragment),
                        fragment, sends_request(request), application,
                    )  # fmt: skip
