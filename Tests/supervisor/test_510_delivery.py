# SPDX-License-Identifier: Apache-2.0
"""Supervised applications and what httpd does for delivery: times, buffers, the recorder."""

import re
import subprocess

import pytest
from client import Client, Expecting, get
from processes import ROOT
from supervised import wait_until

PROGRAM = ROOT / ".build" / "release" / "gateway-get"
TIMING = re.compile(
    r"queue;dur=([\d.]+), connect;dur=([\d.]+), ttfb;dur=([\d.]+), total;dur=([\d.]+)"
)


@pytest.fixture
def serve(start_httpd, public):
    def serve(lines, settings="processes=1"):
        line = "GatewayApplication wiki %s -- perl %s/count.pl\n" % (settings, public)
        return start_httpd("event", line + 'ProxyPass "/wiki/" "gateway://wiki/"\n' + lines)

    return serve


def timing(response):
    value = dict(response.fields)["Server-Timing"]
    return [float(number) for number in TIMING.match(value).groups()]


def test_times_tell_the_wait_for_a_process(serve, named):
    httpd = serve("GatewayServerTiming On\n")
    named.wait_ready(1)
    with Client(httpd.port) as one, Client(httpd.port) as other:
        for client in (one, other):
            client.send("GET", "/wiki/?sleep=1500")
        times = sorted(timing(client.receive()) for client in (one, other))
    assert times[0][0] < 100 < times[1][0]
    for queue, connect, first_byte, total in times:
        assert 1400 < first_byte <= total and connect < 1000
        assert queue + connect + first_byte < total + 1


def test_a_wait_in_vain_is_told(serve, named):
    httpd = serve("GatewayServerTiming On\n", "processes=1 queue-timeout=300ms")
    named.wait_ready(1)
    with Client(httpd.port) as one:
        one.send("GET", "/wiki/?sleep=3000")
        wait_until(lambda: any(p["active"] for p in named.status()["processes"]), "the first")
        assert get(httpd.port, "/wiki/?n=2").status == 503
    (waited,) = re.findall(r"it waited too long.* queue: ([\d.]+) ms", httpd.read_log())
    assert float(waited) >= 300


def test_an_answer_is_kept_back(serve, named):
    httpd = serve("GatewayBuffer 1M\n")
    named.wait_ready(1)
    response = get(httpd.port, "/wiki/?a=1")
    assert response.status == 200 and response.body.endswith(b" a=1\n")
    assert dict(response.fields)["Content-Length"] == str(len(response.body))


def test_a_process_that_dies_is_recorded(serve, named, directory):
    flights = directory / "flights"
    flights.mkdir()
    flights.chmod(0o777)
    httpd = serve("GatewayFlightRecorder 64K %s\n" % flights)
    named.wait_ready(1)
    assert get(httpd.port, "/wiki/?die=3").status == 502
    (file,) = flights.iterdir()
    shown = subprocess.run([PROGRAM, "--replay", file], stdout=subprocess.PIPE, text=True)
    assert shown.returncode == 0 and "backend: gateway://wiki" in shown.stdout
    assert "QUERY_STRING=die=3" in shown.stdout


def test_it_may_be_the_authorizer(serve, named):
    """Whose process is asked, and is free again before the answer is another one's."""
    lines = '<Location "/wiki/">\nGatewayAuthorizer gateway://wiki\n</Location>\n'
    httpd = serve(lines)
    named.wait_ready(1)
    for number in range(3):
        response = get(httpd.port, "/wiki/?a=1")
        # Asked once, answered once.
        assert response.status == 200 and response.body.split()[1] == b"%d" % (2 * number + 2)
    assert get(httpd.port, "/wiki/?die=3").status == 502


def test_a_body_is_asked_for_when_a_process_is_free(serve, named):
    httpd = serve("")
    named.wait_ready(1)
    with Client(httpd.port) as one, Expecting(httpd.port) as other:
        one.send("GET", "/wiki/?sleep=800")
        wait_until(lambda: any(p["active"] for p in named.status()["processes"]), "the first")
        other.announce("/wiki/?n=2", [("Content-Length", "3")])
        assert other.is_silent()
        assert one.receive().status == 200
        assert other.head() == "HTTP/1.1 100 Continue"
        other.socket.sendall(b"abc")
        assert other.receive().body.endswith(b" n=2\n")
