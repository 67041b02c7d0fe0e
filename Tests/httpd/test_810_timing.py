# SPDX-License-Identifier: Apache-2.0
"""GatewayServerTiming: the client is told where the time went."""

import re

import pytest
from client import Client, get
from h2_client import H2Client
from httpd import load_modules, php_handler, proxy_pass

ON = "GatewayServerTiming On\n"
TIMING = re.compile(
    r"queue;dur=([\d.]+), connect;dur=([\d.]+), ttfb;dur=([\d.]+), total;dur=([\d.]+)$"
)


def timing(fields):
    (value,) = [value for name, value in fields if name.lower() == "server-timing"]
    before, _, own = value.rpartition("queue;")
    return before, [float(number) for number in TIMING.match("queue;" + own).groups()]


@pytest.mark.parametrize("mpm", ["prefork", "worker", "event"])
def test_times_of_an_answer(start_httpd, php, mpm):
    httpd = start_httpd(mpm, ON + php_handler(php.address))
    for milliseconds in (0, 200):
        response = get(httpd.port, "/sleep.php?ms=%d" % milliseconds)
        before, (queue, connect, first_byte, total) = timing(response.fields)
        assert not before and milliseconds <= first_byte <= total
        assert queue + connect + first_byte <= total + 0.01


def test_beside_what_the_application_says(start_httpd, php):
    httpd = start_httpd("event", ON + php_handler(php.address))
    fields = get(httpd.port, "/large.php?size=5&field=Server-Timing:+db;dur=5").fields
    assert timing(fields)[0] == "db;dur=5, "


def test_the_wait_for_a_place(start_httpd, php):
    """The place is another's for as long as that one sleeps."""
    capacity = "GatewayCapacity %s 1\n" % php.address
    httpd = start_httpd("event", ON + capacity + php_handler(php.address))
    with Client(httpd.port) as one, Client(httpd.port) as other:
        for client in (one, other):
            client.send("GET", "/sleep.php?ms=1500")
        times = sorted(timing(client.receive().fields)[1] for client in (one, other))
    (first, *_), (queue, connect, first_byte, total) = times
    assert first < 100 < queue and connect < 1000 and queue + first_byte < total + 1


def test_over_http2(start_httpd, php):
    lines = load_modules("http2") + "Protocols h2c http/1.1\n" + ON
    httpd = start_httpd("event", lines + php_handler(php.address))
    with H2Client(httpd.port) as client:
        assert timing(client.request("GET", "/query.php").fields)[1][3] > 0


def test_it_has_to_be_asked_for_and_failures_have_none(start_httpd, php, responder):
    lines = php_handler(php.address) + '<Location "/dead">\n%s</Location>\n' % ON
    httpd = start_httpd("event", lines + proxy_pass(responder("die-before-head"), "/dead"))
    for target in ("/query.php", "/dead"):
        names = [name for name, _ in get(httpd.port, target).fields]
        assert "Server-Timing" not in names
