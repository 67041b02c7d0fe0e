# SPDX-License-Identifier: Apache-2.0
"""GatewayCapacity: kept connections of several children never starve a small application."""

import os
import re
import signal
import subprocess

import pytest
from client import Client, get
from httpd import FOUR_CHILDREN, OURS, WRAPPER, load_modules, url_of
from load import Load
from long_form import IS_LONG
from processes import PHP, wait_until

TOTAL = 2400 if IS_LONG else 480
STATUS = load_modules("status") + (
    'ExtendedStatus On\n<Location "/status">\n    SetHandler server-status\n</Location>\n'
)


def lines(php, capacity="", parameters=""):
    """PHP files behind a worker that keeps connections."""
    name = url_of(php.address)
    return (
        STATUS
        + ("GatewayCapacity %s %s\n" % (php.address, capacity) if capacity else "")
        + '<Proxy "%s">\n    ProxySet enablereuse=on retry=0 %s\n</Proxy>\n' % (name, parameters)
        + '<FilesMatch "\\.php$">\n    SetHandler "proxy:%s"\n</FilesMatch>\n' % name
    )


def figures(httpd):
    """What mod_status tells of the one application."""
    body = get(httpd.port, "/status?auto").body.decode()
    line = next(line for line in body.splitlines() if line.startswith("GatewayBackend: "))
    return {name: int(value) for name, value in re.findall(r"([\w-]+)=(\d+)", line)}


def query(number):
    return b"n=%d" % number


@pytest.mark.parametrize("mpm", ["event", "worker", "prefork"])
def test_an_application_that_is_smaller_than_httpd(start, start_httpd, mpm):
    """Two processes, 48 clients, children that keep connections: nothing is lost."""
    php = start(PHP, children=2)
    sizes = None if mpm == "prefork" else FOUR_CHILDREN
    httpd = start_httpd(mpm, lines(php, "2 wait=60"), sizes=sizes)
    load = Load(httpd.port, "/query.php?n=%d", query, clients=48, total=TOTAL)
    assert load.wait() == {"ok": TOTAL}
    now = figures(httpd)
    assert now["complete"] == now["connected"] + now["reused"] == TOTAL
    assert now["waited"] > 0
    assert now["active"] == now["waiting"] == now["overloaded"] == 0
    assert now["idle"] <= 2


def test_a_child_gives_back_what_it_keeps_when_another_needs_it(start, start_httpd):
    """One request at a time, in whichever child: only the last one's keeps a connection."""
    php = start(PHP)
    httpd = start_httpd("event", lines(php, "1 wait=5"), sizes=FOUR_CHILDREN)
    for number in range(2000):
        assert get(httpd.port, "/query.php?n=%d" % number).body == query(number)
        if figures(httpd)["waited"] > 3:
            return
    pytest.fail("all requests came to one child")


def test_who_finds_the_queue_full_is_told_when_to_come_back(start, start_httpd):
    php = start(PHP)
    httpd = start_httpd("event", lines(php, "1 queue=1 wait=60"))
    with Client(httpd.port) as running, Client(httpd.port) as waiting:
        running.send("GET", "/sleep.php?ms=600")
        wait_until(lambda: figures(httpd)["active"] == 1)
        waiting.send("GET", "/sleep.php")
        wait_until(lambda: figures(httpd)["waiting"] == 1)
        refused = get(httpd.port, "/sleep.php")
        assert refused.status == 503
        assert dict(refused.fields)["Retry-After"]
        assert running.receive().body == waiting.receive().body == b"slept\n"
    assert "GW1007" in httpd.read_log()
    assert figures(httpd)["overloaded"] == 1


def test_who_waits_too_long_is_told_too(start, start_httpd):
    php = start(PHP)
    httpd = start_httpd("event", lines(php, "1 wait=1"))
    with Client(httpd.port) as running:
        running.send("GET", "/sleep.php?ms=4000")
        wait_until(lambda: figures(httpd)["active"] == 1)
        assert get(httpd.port, "/sleep.php").status == 503
        assert running.receive().body == b"slept\n"


def test_the_places_of_a_child_that_is_killed_are_taken_back(start, start_httpd):
    php = start(PHP)
    httpd = start_httpd("event", lines(php, "2 wait=60"), sizes=FOUR_CHILDREN)
    with Client(httpd.port) as client:
        client.send("GET", "/sleep.php?ms=100000")
        wait_until(lambda: figures(httpd)["active"] == 1)
        for pid in httpd.children():
            os.kill(pid, signal.SIGKILL)
    load = Load(httpd.port, "/query.php?n=%d", query, clients=8, total=80)
    assert load.wait() == {"ok": 80}


def test_a_graceful_restart_keeps_to_the_capacity(start, start_httpd):
    php = start(PHP, children=2)
    httpd = start_httpd("event", lines(php, "2 wait=60"), sizes=FOUR_CHILDREN)
    load = Load(httpd.port, "/query.php?n=%d", query, clients=16)
    for _ in range(2):
        httpd.graceful()
    tally = load.stop()
    assert set(tally) == {"ok"}
    wait_until(lambda: figures(httpd)["active"] == 0)
    now = figures(httpd)
    assert now["complete"] == tally["ok"]
    assert now["idle"] <= 2


def connections(php):
    """Connections that php-fpm's processes have."""
    path = php.address.partition(":")[2]
    command = ["ss", "-xH", "state", "established"]
    listing = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    return sum(path in line for line in listing.stdout.splitlines())


def test_a_connection_ends_with_its_time_to_live_without_any_traffic(start, start_httpd):
    php = start(PHP)
    httpd = start_httpd("event", lines(php, parameters="ttl=1"))
    assert get(httpd.port, "/query.php?n=1").body == b"n=1"
    assert connections(php) == 1
    wait_until(lambda: connections(php) == 0)
    assert get(httpd.port, "/query.php?n=2").body == b"n=2"


@pytest.mark.parametrize(
    "line, complaint",
    [
        ("GatewayCapacity http://localhost/ 2", "neither unix:/path nor fcgi://host:port"),
        ("GatewayCapacity unix:/run/x.sock", "requires an address and a number"),
        ("GatewayCapacity unix:/run/x.sock 0", '"0": what is wanted is a number from 1 to 1024'),
        ("GatewayCapacity unix:/run/x.sock 2 queue=x", '"x": what is wanted'),
        ("GatewayCapacity unix:/run/x.sock 2 often", '"often": what is wanted'),
    ],
)
def test_what_cannot_be_read_stops_the_start(directory, line, complaint):
    loads = load_modules("mpm_event", "authz_core", "proxy")
    configuration = directory / "httpd.conf"
    configuration.write_text(
        "ServerName localhost\n%sLoadModule gateway_module %s\n%s\n" % (loads, OURS, line)
    )
    checked = subprocess.run(
        [*WRAPPER, "/usr/sbin/apache2", "-t", "-f", configuration],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert checked.returncode != 0
    assert complaint in checked.stdout
