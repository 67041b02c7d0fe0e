# SPDX-License-Identifier: Apache-2.0
"""How many system calls a small request on a kept connection costs, seen with strace."""

import re
from collections import Counter

import pytest
from client import Client
from httpd import url_of
from processes import PHP

REQUESTS = 20


@pytest.fixture
def calls(start, start_httpd, directory):
    """Runs GETs on one kept connection of httpd's; answers the calls on it, by their names."""

    def run(transport, target="/query.php?n=%d", right=b"n=%d"):
        php = start(PHP, tcp=True)
        address = php.address if transport == "unix" else php.tcp_address
        name = url_of(address)
        lines = '<Proxy "%s">\n    ProxySet enablereuse=on\n</Proxy>\n' % name
        lines += '<FilesMatch "\\.php$">\n    SetHandler "proxy:%s"\n</FilesMatch>\n' % name
        trace = directory / "trace"
        wrapper = ["strace", "-D", "-ff", "-o", str(trace)]
        httpd = start_httpd("worker", lines, wrapper=wrapper, arguments=("-X",))
        with Client(httpd.port) as client:
            for number in range(REQUESTS):
                answer = client.request("GET", target % number)
                assert answer.body == right % number
        httpd.stop()
        return count(trace, address)

    return run


def count(trace, address):
    """The thread that serves the client has all of the calls in its file."""
    where = address.partition(":")[2].rpartition(":")[2]
    (text,) = (
        text
        for text in (file.read_text() for file in trace.parent.glob(trace.name + ".*"))
        if re.search(r"connect\(\d+, .*%s" % re.escape(where), text)
    )
    descriptor = re.search(r"connect\((\d+), .*%s" % re.escape(where), text)[1]
    text = text[text.index("connect(%s, " % descriptor) :]
    on_it = re.findall(r"^(\w+)\((?:\[\{fd=)?%s\b" % descriptor, text, re.MULTILINE)
    names = Counter(on_it)
    assert names.pop("connect") == 1
    return names


# The look whether the connection is alive, the write, the read.
THREE = {"poll": REQUESTS, "writev": REQUESTS, "recvfrom": REQUESTS}


def test_three_on_a_unix_socket(calls):
    seen = calls("unix")
    # The first needs no look.
    once = sum(seen.values()) - 3 * REQUESTS + 1
    assert {name: seen[name] for name in THREE} == {**THREE, "poll": REQUESTS - 1}
    assert once <= 3, seen


def test_three_over_tcp(calls):
    seen = calls("tcp")
    once = sum(seen.values()) - 3 * REQUESTS
    assert {name: seen[name] for name in THREE} == THREE
    assert once <= 9, seen


def test_pieces_are_acknowledged(calls):
    """The next one may wait for it (Nagle's algorithm), 40 ms long."""
    seen = calls("tcp", "/pieces.php?n=%d", b"first,%d")
    # For each answer as often as it is waited for again.
    again = seen["recvfrom"] - REQUESTS
    assert again >= REQUESTS and seen["setsockopt"] >= again, seen
