# SPDX-License-Identifier: Apache-2.0
"""STDERR in the error log: its first and its last lines, whatever an application writes."""

import re

import pytest
from client import Client, get
from httpd import php_handler, proxy_pass

# The first and the last 128 KiB of it, and what httpd says itself.
MOST_LOGGED = 300_000


@pytest.fixture
def httpd(php, start_httpd):
    return start_httpd("event", php_handler(php.address))


@pytest.mark.parametrize("lines, size, is_whole", [
    (0, 1, True), (3, 10, True), (200, 100, True), (1000, 80, False), (3000, 1000, False),
])  # fmt: skip
def test_the_first_and_the_last_lines(httpd, lines, size, is_whole):
    assert get(httpd.port, "/complain.php?lines=%d&size=%d" % (lines, size)).body == b"done"
    log = httpd.read_log()
    logged = [int(number) for number in re.findall(r"line (\d{6})", log)]
    assert logged == sorted(set(logged)) and len(log) < MOST_LOGGED
    if is_whole:
        assert logged == list(range(lines)) and "GW1011" not in log
    else:
        assert (logged[0], logged[-1]) == (0, lines - 1)
        assert len(re.findall(r"GW1011: \d+ bytes of STDERR are left out here", log)) == 1


def test_many_short_lines_do_not_fill_the_log(responder, start_httpd):
    httpd = start_httpd("event", proxy_pass(responder("error-flood")))
    get(httpd.port, "/?n=1&size=10")
    assert 1 < len(httpd.read_log()) < MOST_LOGGED


def test_a_missing_script_is_named(httpd):
    assert get(httpd.port, "/missing.php").status == 404
    (line,) = [line for line in httpd.read_log().splitlines() if "Primary script unknown" in line]
    assert re.search(r"SCRIPT_FILENAME was proxy:fcgi://localhost/\S*/missing\.php", line)


def test_a_broken_upload_names_its_backend(php, start_httpd):
    """mod_proxy's own line about a body that cannot be read."""
    httpd = start_httpd("event", php_handler(php.address))
    with Client(httpd.port) as client:
        client.socket.sendall(
            b"POST /query.php HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n"
        )
        client.receive()
    log = httpd.read_log()
    assert "(null)" not in log and php.address.partition(":")[2] in log
