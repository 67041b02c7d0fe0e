# SPDX-License-Identifier: Apache-2.0
"""The cases of the contract (README.md), and what each request has to be answered with."""

import hashlib
from dataclasses import dataclass, field

REST = bytes((i * 7 + i // 256) & 255 for i in range(16, 65536))


def pattern(size):
    """The bytes of `down`, which also serve as request bodies."""
    blocks = (b"%016d" % block + REST for block in range((size + 65535) // 65536))
    return b"".join(blocks)[:size]


def value(length):
    """The value of the parameter PARAM_<length>."""
    return "".join(chr(97 + (i * 7 + length) % 26) for i in range(length))


PARAMS = {"PARAM_%d" % length: value(length) for length in (0, 127, 128, 20000)}


@dataclass(frozen=True)
class Case:
    name: str
    query: str
    answer: bytes
    method: str = "GET"
    status: int = 200
    fields: tuple = ()
    body: bytes = None
    params: dict = field(default_factory=dict)
    stderr: tuple = ()


def _posted(name, size):
    body = pattern(size)
    answer = "%d %s\n" % (size, hashlib.sha256(body).hexdigest())
    return Case(name, "case=post", answer.encode(), "POST", body=body)


def _down(name, size, declared):
    query = "case=down&size=%d&length=%d" % (size, declared)
    fields = (("Content-Length", str(size)),) if declared else ()
    return Case(name, query, pattern(size), fields=fields)


def _params():
    names = ",".join([*PARAMS, "PARAM_NONE"])
    lines = ["%s=%s\n" % pair for pair in PARAMS.items()] + ["PARAM_NONE absent\n"]
    return Case("params", "case=params&names=" + names, "".join(lines).encode(), params=PARAMS)


COOKIES = tuple(("Set-Cookie", cookie) for cookie in ("a=1", "b=2; Path=/", "c=3"))
LOCATION = ("Location", "http://elsewhere.example/there?a=1")
STDERR = tuple("stderr line %d" % line for line in (1, 2, 3))

CASES = [
    Case("id", "case=id&token=alpha", b"alpha\n", fields=(("X-Token", "alpha"),)),
    _params(),
    _posted("post-0", 0),
    _posted("post-1", 1),
    _posted("post-64k", 65536),
    _posted("post-5m", 5000000),
    Case("unread-1", "case=unread", b"unread\n", "POST", body=pattern(1)),
    Case("unread-64k", "case=unread", b"unread\n", "POST", body=pattern(65536)),
    # A HEAD: applications may send a body with it all the same.
    Case("head", "case=head", b"", "HEAD", fields=(("X-Method", "HEAD"),)),
    Case("unmodified", "case=unmodified", b"", status=304, fields=(("ETag", '"contract"'),)),
    Case("missing", "case=missing", b"missing\n", status=404),
    Case("redirect", "case=redirect", b"elsewhere\n", status=302, fields=(LOCATION,)),
    Case("cookies", "case=cookies", b"cookies\n", fields=COOKIES),
    Case("stderr", "case=stderr&lines=3", b"stderr\n", stderr=STDERR),
    _down("down-0", 0, True),
    _down("down-65537", 65537, False),
    _down("down-50m", 50000000, True),
    _down("down-50m-undeclared", 50000000, False),
    Case("sleep", "case=sleep&ms=50", b"slept 50\n"),
]
