# SPDX-License-Identifier: Apache-2.0
"""The status page of httpd with applications that it supervises, beside what gateway-supervisor
says of their processes and what the clients have counted."""

import threading
import time
from contextlib import contextmanager

import pytest
from browsing import check_fit, start_browser
from client import get
from long_form import IS_LONG
from processes import wait_until
from status_agreement import check_agreement, running, wait_for_running, wiki_of
from status_forms import (applications_of_json, applications_of_metrics, ask,
                          families_of_metrics, figures_of_json, figures_of_metrics,
                          figures_of_page, json_of, page_of)  # fmt: skip
from supervised import CountingLoad, Named

TOTAL = 4000 if IS_LONG else 600
WIKI, BLOG = "gateway://wiki", "gateway://blog"


def test_sums_are_those_of_the_load(serve_status, directory):
    """Of two applications, while all children are asked and when all is over."""
    httpd = serve_status("processes=3", names=("wiki", "blog"))
    both = [Named(directory / "run", name) for name in ("wiki", "blog")]
    before = {each.name: each.wait_ready(3) for each in both}
    loads = {name: CountingLoad(httpd.port, "/%s/?n=%%d" % name, clients=4, total=total)
             for name, total in (("wiki", TOTAL), ("blog", TOTAL // 3))}  # fmt: skip
    while any(thread.is_alive() for load in loads.values() for thread in load.threads):
        figures_of_metrics(httpd)
        assert page_of(httpd).elements["tr"] == 2 * (1 + 3)
        for name, application in applications_of_json(httpd).items():
            assert application["active"] <= 3 and application["queued"] <= 4
            given = sum(each["requests"] for each in application["processes"].values())
            assert given <= loads[name].total
    tallies = {name: load.wait() for name, load in loads.items()}
    assert tallies == {"wiki": {"ok": TOTAL}, "blog": {"ok": TOTAL // 3}}
    # The client has its answer before it is counted.
    wait_until(lambda: all(figures_of_json(httpd)["gateway://" + name]["complete"] == load.total
                           for name, load in loads.items()), "the sums")  # fmt: skip
    check_agreement(httpd, *both)
    for name, load in loads.items():
        numbers = figures_of_json(httpd)["gateway://" + name]
        processes = applications_of_json(httpd)[name]["processes"]
        assert sum(each["requests"] for each in processes.values()) == load.total
        assert sorted(processes) == sorted(before[name])
        assert max(each["requests"] for each in processes.values()) == load.most_served
        assert sum(numbers["first-byte"]) == numbers["connected"] == load.total
        assert not any(numbers[each] for each in ("reused", "retried", "truncated", "timed-out",
                                                  "overloaded", "connect-failed"))  # fmt: skip


def test_what_runs_in_which_process(serve_status, named, gate, send):
    """More than one child could run, each in the process that answers it, and for how long."""
    httpd = serve_status("processes=6")
    named.wait_ready(6)
    begin = time.monotonic()
    targets = ["/wiki/page%d?%s&n=%d" % (n, gate.hold("a%d" % n), n) for n in range(6)]
    clients = {"GET " + target: send(httpd, target) for target in targets}
    shown = wait_for_running(httpd, 6)
    assert sorted(shown.values()) == sorted(clients)
    since = time.monotonic()
    check_agreement(httpd, named)
    time.sleep(0.05)
    asked = time.monotonic()
    busy = [each["busy_ms"] / 1000 for each in wiki_of(httpd)["processes"].values()]
    least, most = asked - since, time.monotonic() - begin
    assert all(least - 0.001 <= each <= most for each in busy)
    gate.let_go()
    for pid, request in shown.items():
        answer = clients[request].receive()
        assert answer.body.split()[0] == b"%d" % pid
    wait_until(lambda: not running(httpd), "the end")
    assert all(not each["request"] for each in wiki_of(httpd)["processes"].values())


def test_who_waits(serve_status, named, gate, send):
    httpd = serve_status("processes=2")
    named.wait_ready(2)
    first = [send(httpd, "/wiki/?" + gate.hold("first")) for _ in range(2)]
    wait_for_running(httpd, 2)
    later = [send(httpd, "/wiki/?n=%d" % n) for n in range(3)]
    wait_until(lambda: wiki_of(httpd)["queued"] == 3, "three that wait")
    check_agreement(httpd, named)
    numbers = figures_of_page(httpd)[WIKI]
    assert (numbers["active"], numbers["queued"]) == (2, 3)
    assert "2 processes, 2 active, 3 queued" in ask(httpd)
    gate.let_go()
    assert [client.receive().status for client in first + later] == [200] * 5
    wait_until(lambda: figures_of_json(httpd)[WIKI]["complete"] == 5, "all to be counted")
    check_agreement(httpd, named)
    numbers = figures_of_json(httpd)[WIKI]
    assert sum(numbers["wait"]) == 3 and numbers["queued"] == numbers["active"] == 0


def test_generations(serve_status, named, gate, send):
    """The old process goes on with what it runs, beside the new one."""
    httpd = serve_status("processes=1")
    (old,) = named.wait_ready(1)
    client = send(httpd, "/wiki/?" + gate.hold("old"))
    wait_for_running(httpd, 1)
    assert wiki_of(httpd)["processes"][old]["generation"] == 1
    reload = threading.Thread(target=named.ask, args=("reload",))
    reload.start()
    wait_until(lambda: set(named.pids("ready")) - {old}, "the new one")
    wait_until(lambda: old in named.pids("leaving"), "the old one to leave")
    check_agreement(httpd, named)
    processes = wiki_of(httpd)["processes"]
    (new,) = set(processes) - {old}
    states = {pid: (each["state"], each["generation"]) for pid, each in processes.items()}
    assert states == {old: ("leaving", 1), new: ("ready", 2)}
    assert "/wiki/?hold=old" in processes[old]["request"] and not processes[new]["request"]
    gate.let_go()
    assert client.receive().status == 200
    reload.join()
    wait_until(lambda: set(wiki_of(httpd)["processes"]) == {new}, "the old one to end")
    httpd.graceful()
    check_agreement(httpd, named)
    assert figures_of_json(httpd)[WIKI]["complete"] == 1


def test_failures_have_their_time(serve_status, named, gate, send):
    slow = 'ProxyPass "/slow/" "gateway://wiki/slow/" timeout=1\n'
    httpd = serve_status("processes=1 queue=1", slow, names=("wiki", "blog"))
    named.wait_ready(1)
    marks = [time.time()]
    assert get(httpd.port, "/wiki/?die=3").status == 502
    marks.append(time.time())
    wait_until(lambda: named.pids("ready"), "another process")
    assert get(httpd.port, "/slow/?sleep=60000").status == 504
    marks.append(time.time())
    wait_until(lambda: named.pids("ready"), "another process")
    held = [send(httpd, "/wiki/?" + gate.hold("one"))]
    wait_for_running(httpd, 1)
    held.append(send(httpd, "/wiki/?n=2"))
    wait_until(lambda: wiki_of(httpd)["queued"] == 1, "one that waits")
    assert get(httpd.port, "/wiki/?n=3").status == 503
    marks.append(time.time())
    gate.let_go()
    assert [client.receive().status for client in held] == [200] * 2
    backends = {each["name"]: each for each in json_of(httpd)["backends"]}
    assert backends[BLOG]["failures"] == []
    failures = backends[WIKI]["failures"]
    told = [(each["outcome"], each["stage"]) for each in failures]
    assert told == [("overloaded", "queue"), ("timed-out", "head"),
                    ("protocol-error", "head")]  # fmt: skip
    for failure, begin, end in zip(failures[::-1], marks, marks[1:]):
        assert begin - 0.01 <= failure["time_ms"] / 1000 <= end
    check_failures_elsewhere(httpd, failures)
    numbers = figures_of_json(httpd)[WIKI]
    assert numbers["protocol-error"] == numbers["timed-out"] == numbers["overloaded"] == 1


def check_failures_elsewhere(httpd, failures):
    page = page_of(httpd)
    assert page.failures == [each["message"] for each in failures]
    stamp = "%Y-%m-%d %H:%M:%S"
    assert page.times == [
        time.strftime(stamp, time.localtime(each["time_ms"] / 1000)) for each in failures
    ]
    (sample,) = families_of_metrics(httpd)["gateway_last_failure_timestamp_seconds"].samples
    assert sample.labels == {"backend": WIKI}
    assert round(sample.value * 1000) == failures[0]["time_ms"]


# ----------------------------------------------------------------------------------- in a browser


@contextmanager
def kept_busy(httpd, gate, send):
    """Slow requests with long names, some that wait, others that fail, and quick ones."""
    for name in ("die=3", "die=0"):
        assert get(httpd.port, "/wiki/?" + name).status == 502
    wait_until(lambda: applications_of_metrics(httpd)["wiki"]["states"]["ready"] == 3, "all three")
    load = CountingLoad(httpd.port, "/blog/?n=%d&sleep=5", clients=3)
    wait_until(lambda: load.tally["ok"] > 20, "the load")
    query = "scope=all&%s&%s" % (gate.hold("search"), "topic=Web" * 20)
    for n in range(5):
        send(httpd, "/wiki/Main/WebSearch%d?%s" % (n, query))
    wait_until(lambda: wiki_of(httpd)["queued"] == 2, "those that wait")
    yield
    assert set(load.stop()) == {"ok"}
    gate.let_go()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1400])
def test_the_page_fits(serve_status, directory, gate, send, width, scheme):
    httpd = serve_status("processes=3", names=("wiki", "blog"))
    for name in ("wiki", "blog"):
        Named(directory / "run", name).wait_ready(3)
    with kept_busy(httpd, gate, send):
        browser = start_browser(directory)
        try:
            address = "http://127.0.0.1:%d/status" % httpd.port
            check_fit(browser, address, width, scheme, "status-supervised")
            cells = browser.execute_script(
                "return [...document.querySelectorAll('td')].filter(cell => cell.innerText)"
                ".map(cell => [cell.innerText, cell.getBoundingClientRect().right])"
            )
        finally:
            browser.quit()
    assert any("WebSearch" in text for text, _ in cells)
    # Nothing has to be scrolled to.
    assert all(right <= width for _, right in cells)
