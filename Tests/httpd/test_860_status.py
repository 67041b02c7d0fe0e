# SPDX-License-Identifier: Apache-2.0
"""SetHandler gateway-status: a page, JSON and Prometheus' text of the same numbers."""

import json
import os
import re
import signal
import time

import pytest
from browsing import check_fit, start_browser
from client import Client, get
from httpd import php_handler, proxy_pass, url_of
from load import Load
from long_form import IS_LONG
from processes import wait_until
from status_forms import STATUS, figures_of_json, figures_of_metrics, figures_of_page, page_of

TOTAL = 4000 if IS_LONG else 800


def is_quiet(httpd):
    return all(each["active"] == each["queued"] == 0 for each in figures_of_json(httpd).values())


def name_of(address):
    return address.partition(":")[2]


def test_sums_are_those_of_the_load(start_httpd, start_responder):
    """Every request is in one outcome of one address, whichever child had it."""
    good, dead = start_responder("answer", "tcp"), start_responder("die-before-head")
    lines = STATUS + proxy_pass(dead.address, "/dead/") + proxy_pass(good.address)
    httpd = start_httpd("event", lines)
    load = Load(httpd.port, clients=16, total=TOTAL)
    faulty = Load(httpd.port, target="/dead/?n=%d", clients=4, total=50)
    while any(thread.is_alive() for thread in load.threads):
        assert get(httpd.port, "/status").status == 200
        figures_of_metrics(httpd)
        assert set(figures_of_json(httpd)) <= {name_of(good.address), name_of(dead.address)}
    assert load.wait() == {"ok": TOTAL}
    assert faulty.wait() == {"status 502": 50}
    wait_until(lambda: is_quiet(httpd))
    figures = figures_of_json(httpd)
    assert figures == figures_of_metrics(httpd) == figures_of_page(httpd)
    of_good, of_dead = figures[name_of(good.address)], figures[name_of(dead.address)]
    outcomes = ("complete", "connect-failed", "timed-out", "overloaded", "protocol-error",
                "truncated", "cancelled", "bad-request")  # fmt: skip
    assert {name: of_good[name] for name in outcomes if of_good[name]} == {"complete": TOTAL}
    assert {name: of_dead[name] for name in outcomes if of_dead[name]} == {"truncated": 50}
    assert of_good["connected"] + of_good["reused"] == TOTAL
    assert sum(of_good["first-byte"]) == TOTAL and sum(of_dead["first-byte"]) == 0


def test_what_runs_and_what_is_kept(start_httpd, php):
    """Also of a child that is killed meanwhile."""
    handler = '<Proxy "%s">\n    ProxySet enablereuse=on\n</Proxy>\n' % url_of(php.address)
    handler += '<FilesMatch "\\.php$">\n    SetHandler "proxy:%s"\n</FilesMatch>\n' % (
        url_of(php.address)
    )
    httpd = start_httpd("event", STATUS + handler)
    name = name_of(php.address)
    assert figures_of_json(httpd) == {}
    assert get(httpd.port, "/query.php").status == 200
    wait_until(lambda: figures_of_json(httpd)[name]["idle"] == 1)
    with Client(httpd.port) as one, Client(httpd.port) as other:
        for client in (one, other):
            client.send("GET", "/sleep.php?ms=60000")
        wait_until(lambda: figures_of_json(httpd)[name]["active"] == 2)
        assert figures_of_page(httpd)[name]["active"] == 2
        workers = httpd.children()
        for pid in workers:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        wait_until(lambda: not set(workers) & set(httpd.children()))
    numbers = figures_of_json(httpd)[name]
    assert numbers["active"] == numbers["idle"] == 0 and numbers["complete"] == 1


def test_waits_and_overload(start_httpd, php):
    capacity = "GatewayCapacity %s 1 queue=1\n" % php.address
    httpd = start_httpd("event", STATUS + capacity + php_handler(php.address))
    name = name_of(php.address)
    with Client(httpd.port) as one, Client(httpd.port) as other:
        one.send("GET", "/sleep.php?ms=1500")
        wait_until(lambda: figures_of_json(httpd)[name]["active"] == 1)
        other.send("GET", "/query.php")
        wait_until(lambda: figures_of_json(httpd)[name]["queued"] == 1)
        before = time.time()
        assert get(httpd.port, "/query.php").status == 503
        after = time.time()
        assert one.receive().status == other.receive().status == 200
    wait_until(lambda: is_quiet(httpd))
    figures = figures_of_json(httpd)
    assert figures == figures_of_metrics(httpd) == figures_of_page(httpd)
    numbers = figures[name]
    assert numbers["complete"] == 2 and numbers["overloaded"] == 1 and sum(numbers["wait"]) == 1
    (failure,) = json.loads(get(httpd.port, "/status?json").body)["backends"][0]["failures"]
    assert failure["outcome"] == "overloaded" and failure["stage"] == "queue"
    assert before - 0.01 <= failure["time_ms"] / 1000 <= after
    assert "too many wait already" in get(httpd.port, "/status").body.decode()


def test_the_last_failures_are_told(start_httpd, directory, responder):
    nobody = "unix:%s/nobody" % directory
    dead = responder("die-before-head", "tcp")
    httpd = start_httpd(
        "event", STATUS + proxy_pass(nobody, "/nobody", "retry=0") + proxy_pass(dead, "/dead")
    )
    for _ in range(6):
        assert get(httpd.port, "/nobody").status == 503
        assert get(httpd.port, "/dead").status == 502
    backends = json.loads(get(httpd.port, "/status?json").body)["backends"]
    told = {each["name"]: each["failures"] for each in backends}
    assert [each["outcome"] for each in told[name_of(nobody)]] == ["connect-failed"] * 4
    assert "No such file or directory" in told[name_of(nobody)][0]["message"]
    assert [each["stage"] for each in told[name_of(dead)]] == ["head"] * 4
    times = [each["time_ms"] for each in told[name_of(dead)]]
    assert times == sorted(times, reverse=True)


HOSTILE = {
    "markup": "<script>alert(1)&amp;'\"",
    "backslash": 'a\\b"c\\n',
    "latin": "caf\udce9",
    "letters": "grüße-漢字-😀",
}
SHOWN = HOSTILE | {"latin": "caf\\xE9"}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_names(start_httpd, directory, kind):
    """Paths are bytes, and the page, JSON and labels stay what they are."""
    path = "%s/%s" % (directory, HOSTILE[kind])
    lines = STATUS + "GatewayCapacity 'unix:%s' 1\n" % re.sub(r"([\\'])", r"\\\1", path)
    httpd = start_httpd("event", lines)
    shown = "%s/%s" % (directory, SHOWN[kind])
    figures = figures_of_json(httpd)
    assert list(figures) == [shown]
    assert figures == figures_of_metrics(httpd) == figures_of_page(httpd)
    page = page_of(httpd)
    assert page.elements["script"] == 0 and page.elements["section"] == 1


def test_what_it_answers(start_httpd, responder):
    httpd = start_httpd("event", STATUS + proxy_pass(responder("answer"), "/app"))
    kinds = {"": "text/html; charset=utf-8", "?json": "application/json",
             "?metrics": "text/plain; version=0.0.4; charset=utf-8"}  # fmt: skip
    for query, kind in kinds.items():
        fields = dict(get(httpd.port, "/status" + query).fields)
        assert fields["Content-Type"] == kind and fields["Cache-Control"] == "no-store"
        assert fields["X-Content-Type-Options"] == "nosniff"
        # As Prometheus asks.
        if query:
            assert dict(get(httpd.port, "/status%s=" % query).fields)["Content-Type"] == kind
    page = get(httpd.port, "/status")
    assert "default-src 'none'" in dict(page.fields)["Content-Security-Policy"]
    assert re.search(rb'<meta http-equiv="refresh" content="\d+">', page.body)
    assert not re.search(rb"<script|<link|src=|url\(|@import", page.body)
    with Client(httpd.port) as client:
        assert client.request("POST", "/status").status == 405


PICTURES = [(400, "dark"), (1400, "light")]
PICTURES += [(400, "light"), (1400, "dark")] if IS_LONG else []


@pytest.mark.parametrize("width, scheme", PICTURES)
def test_the_page_fits(start_httpd, start_responder, php, directory, width, scheme):
    """Under load, in a browser."""
    good, dead = (start_responder(kind, "tcp") for kind in ("answer", "die-before-head"))
    lines = STATUS + "GatewayCapacity %s 2\n" % php.address + php_handler(php.address)
    lines += proxy_pass(dead.address, "/dead/") + proxy_pass(good.address, "/good/")
    httpd = start_httpd("event", lines)
    assert get(httpd.port, "/dead/").status == 502
    loads = [Load(httpd.port, target, lambda n: None, clients=4)
             for target in ("/good/?n=%d", "/sleep.php?ms=20")]  # fmt: skip
    browser = start_browser(directory)
    try:
        wait_until(lambda: figures_of_json(httpd)[name_of(php.address)]["complete"] > 20)
        address = "http://127.0.0.1:%d/status" % httpd.port
        check_fit(browser, address, width, scheme, "status")
    finally:
        browser.quit()
        tallies = [load.stop() for load in loads]
    assert all(set(tally) == {"ok"} for tally in tallies), tallies
