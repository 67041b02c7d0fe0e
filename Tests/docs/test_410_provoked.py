# SPDX-License-Identifier: Apache-2.0
"""What the error log says of common faults is found in the table of module/README.md."""

import pytest
from client import Client, get
from documents import OPERATORS, rows, section
from httpd import HTTPD, proxy_pass
from processes import ROOT

ROWS = [row[0] for row in rows(section(OPERATORS, 2, "Troubleshooting"))]

BROKEN = "AH01075 protocol-error (head): "
# Behaviour, status, the row that tells of it.
PROVOKED = [
    ("die-before-head", 502, "AH01075 truncated"),
    ("overloaded", 503, "AH01075 overloaded"),
    ("no-head", 502, BROKEN + "the response ended without a head"),
    ("malformed-head", 502, BROKEN + "a line of the response head has no colon"),
    ("huge-head", 502, BROKEN + "the response head is larger than"),
    ("bad-version", 502, BROKEN + "a record's version is not 1"),
    ("dripped-head", 504, "AH01075 timed-out (head): the application took too long"),
    ("silent-unread", 504, "AH01075 timed-out (head): the application took too long"),
    ("error-text", 200, "AH01071 Got error"),
    ("error-flood", 200, "GW1011 bytes of STDERR are left out here"),
]


@pytest.fixture
def serve(start):
    """Starts httpd with some lines."""
    return lambda lines: start(HTTPD, "event", lines)


def tells_of(log, row):
    """Whether a line of the log has the number and the words of a row."""
    number, _, words = row.partition(" ")
    return any(number + ":" in line and words in line for line in log.splitlines())


@pytest.mark.parametrize("behaviour, status, row", PROVOKED)
def test_an_application(serve, responder, behaviour, status, row):
    assert row in ROWS
    parameters = "timeout=1" if status == 504 else ""
    httpd = serve(proxy_pass(responder(behaviour), parameters=parameters))
    page = get(httpd.port, "/")
    assert page.status == status
    httpd.stop()
    assert tells_of(httpd.read_log(), row), httpd.read_log()


def test_a_queue(serve, directory):
    """Of a supervised application that never gets ready."""
    row = "AH01075 overloaded (queue)"
    assert row in ROWS
    httpd = serve(
        "GatewayRuntimeDir %s/run\nGatewaySupervisor %s/.build/release/gateway-supervisor\n"
        "GatewayApplication app processes=1 queue-timeout=200ms -- sleep 60\n"
        'ProxyPass "/" "gateway://app/"\n' % (directory, ROOT)
    )
    assert get(httpd.port, "/").status == 503
    httpd.stop()
    assert tells_of(httpd.read_log(), row), httpd.read_log()


def test_no_socket(serve, directory):
    httpd = serve(proxy_pass("unix:%s" % (directory / "no.sock"), parameters="retry=0"))
    assert get(httpd.port, "/").status == 503
    httpd.stop()
    log = httpd.read_log()
    assert "(2)No such file or directory: AH02454: " in log
    assert "AH01079: failed to make connection to backend" in log


def test_a_body_that_is_too_long(serve, responder):
    httpd = serve("LimitRequestBody 1000\n" + proxy_pass(responder("answer")))
    # What is at hand at once is not counted.
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (100000, bytes(100000))
    with Client(httpd.port) as client:
        client.socket.sendall(
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body
        )
        assert client.receive().status == 413
    httpd.stop()
    assert tells_of(httpd.read_log(), "GW1012 the request body is larger than LimitRequestBody")


def test_two_sockets_of_one_name(serve, responder, directory):
    lines = proxy_pass(responder("answer"), "/a/") + proxy_pass(
        "unix:%s" % (directory / "b.sock"), "/b/"
    )
    httpd = serve(lines)
    httpd.stop()
    assert tells_of(httpd.read_log(), "GW1004 names the socket")
    assert any(row.startswith("GW1004 names the socket") for row in ROWS)
