# SPDX-License-Identifier: Apache-2.0
"""GatewayApplication: httpd runs the processes itself, over reloads, restarts and kills."""

import os
import re
import signal
import time

import pytest
from client import get
from httpd import OURS
from long_form import IS_LONG
from processes import Process, wait_until
from supervised import CountingLoad, is_there

SECONDS = 30 if IS_LONG else 2
LINE = "GatewayApplication wiki %s -- perl %s/count.pl\n"
PASS = 'ProxyPass "/wiki/" "gateway://wiki/"\n'


@pytest.fixture
def supervised_httpd(start_httpd, public):
    def supervised_httpd(mpm="event", settings="processes=4", lines=PASS, **options):
        return start_httpd(mpm, LINE % (settings, public) + lines, **options)

    return supervised_httpd


def supervisor_of(httpd):
    for pid in httpd.session():
        try:
            with open("/proc/%d/cmdline" % pid, "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(b"gateway-supervisor"):
            return pid
    return None


def rewrite(httpd, change):
    path = httpd.error_log.parent / "httpd.conf"
    path.write_text(change(path.read_text()))


@pytest.mark.parametrize("mpm", ["prefork", "worker", "event"])
def test_nothing_is_lost(supervised_httpd, named, mpm):
    """Reloads and graceful restarts under load; a process never has two requests."""
    httpd = supervised_httpd(mpm, "processes=4 max-requests=50")
    named.wait_ready(4)
    load = CountingLoad(httpd.port, clients=16)
    deadline = time.monotonic() + SECONDS
    try:
        while time.monotonic() < deadline:
            assert named.ask("reload").returncode == 0
            httpd.graceful()
            time.sleep(0.2)
    finally:
        tally = load.stop()
    assert set(tally) == {"ok"}, tally
    assert load.crowded == 0 and load.most_served <= 50
    assert tally["ok"] > 100
    log = httpd.read_log()
    assert "in use" not in log and "exit signal" not in log
    # Processes came and went, which LogLevel warn does not tell.
    assert "gateway-supervisor:" in log and ":info]" not in log
    pids = named.pids()
    httpd.stop()
    wait_until(lambda: not any(is_there(pid) for pid in pids), "its processes to end")


def test_what_processes_write_is_bounded(start_httpd, public, named):
    """What does not fit is counted, and the end of it is told when the process has ended."""
    command = 'sh -c "seq 300000 >&2; exec perl %s/count.pl"' % public
    httpd = start_httpd("event", "GatewayApplication wiki processes=1 -- %s\n%s" % (command, PASS))
    named.wait_ready(1)
    assert get(httpd.port, "/wiki/").status == 200
    (first,) = named.pids()
    assert named.ask("reload").returncode == 0
    wait_until(lambda: not is_there(first), "the first process to end")
    line = r"\[gateway-supervisor:stderr\] wiki\[%d\]: (\d+)" % first
    left_out = line + r" lines \(\d+ bytes\) of its output are left out here"
    wait_until(lambda: re.search(left_out, httpd.read_log()), "what was left out to be told")
    log = httpd.read_log()
    assert len(log) < 500_000
    written = len(re.findall(line + "$", log, re.M))
    assert written + sum(int(count) for count in re.findall(left_out, log)) == 300_000


@pytest.mark.parametrize("lines", [
    'ProxyPass "/wiki/" "gateway://WIKI/"\n',
    'ProxyPass "/wiki/" "balancer://all/"\n'
    '<Proxy "balancer://all">\nBalancerMember "gateway://wiki"\n</Proxy>\n',
    '<Location "/wiki/">\nSetHandler "proxy:gateway://wiki/"\n</Location>\n',
], ids=["pass", "member", "handler"])  # fmt: skip
def test_ways_to_it(supervised_httpd, lines):
    balancer = "".join(
        "LoadModule %s_module /usr/lib/apache2/modules/mod_%s.so\n" % (name, name)
        for name in ["slotmem_shm", "proxy_balancer", "lbmethod_byrequests"]
        if "balancer" in lines
    )
    httpd = supervised_httpd(lines=balancer + lines)
    response = get(httpd.port, "/wiki/page?n=1")
    assert response.status == 200 and response.body.endswith(b" n=1\n")


def test_an_upload_waits_for_its_turn(supervised_httpd, named):
    """The body comes whole, though the exchange was queued when it was read."""
    from client import Client

    httpd = supervised_httpd(settings="processes=1")
    named.wait_ready(1)
    with Client(httpd.port) as slow, Client(httpd.port) as late:
        slow.send("GET", "/wiki/?sleep=700")
        wait_until(lambda: any(p["active"] for p in named.status()["processes"]), "the first")
        body = b"x" * 300_000
        response = late.request("POST", "/wiki/?n=2", body=body)
        assert response.status == 200 and response.body.endswith(b" n=2\n")


def test_a_slow_request_delays_nobody(supervised_httpd, named):
    httpd = supervised_httpd(settings="processes=4")
    named.wait_ready(4)
    slow = CountingLoad(httpd.port, "/wiki/?n=%d&sleep=3000", clients=1, total=1)
    wait_until(lambda: any(p["active"] for p in named.status()["processes"]), "the slow request")
    fast = CountingLoad(httpd.port, clients=3, total=150)
    assert set(fast.wait()) == {"ok"} and not slow.tally
    assert fast.crowded == 0 and set(slow.wait()) == {"ok"}


def test_restarts_keep_processes(supervised_httpd, named):
    httpd = supervised_httpd()
    before = set(named.wait_ready(4))
    httpd.graceful()
    httpd.popen.send_signal(signal.SIGHUP)
    wait_until(lambda: httpd.read_log().count("resuming normal operations") == 3, "the restart")
    assert set(named.wait_ready(4)) == before
    # The supervisor's death is noticed by httpd as it is now.
    supervisor = supervisor_of(httpd)
    time.sleep(1.1)
    os.kill(supervisor, signal.SIGKILL)
    wait_until(lambda: supervisor_of(httpd) not in (None, supervisor), "another supervisor")
    after = set(named.wait_ready(4))
    assert not before & after
    assert get(httpd.port, "/wiki/?n=1").status == 200


def test_another_definition_rolls(supervised_httpd, named):
    httpd = supervised_httpd(settings="processes=4")
    before = set(named.wait_ready(4))
    load = CountingLoad(httpd.port, clients=8)
    rewrite(httpd, lambda text: text.replace("processes=4", "processes=3 env:X=1"))
    httpd.graceful()
    wait_until(lambda: len(named.pids()) == 3, "three processes")
    assert not before & set(named.wait_ready(3))
    assert set(load.stop()) == {"ok"}


def test_one_that_is_configured_no_more_ends(supervised_httpd, named):
    httpd = supervised_httpd()
    pids = named.wait_ready(4)
    rewrite(httpd, lambda text: re.sub("GatewayApplication.*\n|ProxyPass.*\n", "", text))
    httpd.graceful()
    wait_until(lambda: not any(is_there(pid) for pid in pids), "its processes to end")
    wait_until(lambda: supervisor_of(httpd) is None, "its supervisor to end")


def test_a_log_that_is_turned(supervised_httpd, named):
    """After a graceful restart what the application says is in the new file."""
    httpd = supervised_httpd()
    named.wait_ready(4)
    httpd.error_log.rename(httpd.error_log.parent / "error.log.1")
    httpd.popen.send_signal(signal.SIGUSR1)
    wait_until(lambda: httpd.error_log.exists() and "resuming" in httpd.error_log.read_text(),
               "the new log")  # fmt: skip
    assert get(httpd.port, "/wiki/?n=1&die=3").status == 502
    wait_until(lambda: "exit status 3" in httpd.error_log.read_text(), "the supervisor's line")


@pytest.mark.parametrize("victim", ["process", "supervisor", "child"])
def test_kills_under_load(supervised_httpd, named, victim):
    """Only what was in flight there fails; service is whole within two seconds."""
    httpd = supervised_httpd(settings="processes=4")
    pids = named.wait_ready(4)
    load = CountingLoad(httpd.port, clients=8)
    wait_until(lambda: load.tally.total() > 100, "the load")
    time.sleep(1.1)
    supervisor = supervisor_of(httpd)
    children = [pid for pid in httpd.children() if pid not in {supervisor, *pids}]
    os.kill({"process": pids[0], "supervisor": supervisor, "child": children[0]}[victim],
            signal.SIGKILL)  # fmt: skip
    begin = time.monotonic()
    named.wait_ready(4)
    whole = time.monotonic() - begin
    count = load.tally.total()
    wait_until(lambda: load.tally.total() > count + 100, "the load to go on")
    tally = load.stop()
    failed = tally.total() - tally["ok"]
    assert tally["wrong body"] == 0 and load.crowded == 0
    assert failed <= {"process": 1, "supervisor": 4, "child": 8}[victim], tally
    assert whole < 5
    later = CountingLoad(httpd.port, clients=8, total=100)
    assert set(later.wait()) == {"ok"}


def test_a_killed_parent_leaves_nothing(supervised_httpd, named):
    httpd = supervised_httpd()
    pids = [*named.wait_ready(4), supervisor_of(httpd)]
    os.kill(httpd.pid, signal.SIGKILL)
    httpd.popen.wait()
    wait_until(lambda: not any(is_there(pid) for pid in pids), "them to end")


def test_the_reason_of_a_504(supervised_httpd, named):
    httpd = supervised_httpd(settings="processes=2 request-timeout=500ms")
    named.wait_ready(2)
    assert get(httpd.port, "/wiki/slow?n=1&sleep=20000").status == 504
    wait_until(lambda: "has run GET /wiki/slow" in httpd.read_log(), "the supervisor's line")
    assert get(httpd.port, "/wiki/?n=1").status == 200


def test_what_an_application_says(supervised_httpd, named):
    httpd = supervised_httpd(settings="processes=1")
    named.wait_ready(1)
    assert get(httpd.port, "/wiki/?n=1&die=9").status == 502
    wait_until(lambda: "exit status 9" in httpd.read_log(), "how it ended")


WRONG = {
    "unknown": ("GatewayApplication wiki speed=9 -- true", 'there is no setting "speed"'),
    "no command": ("GatewayApplication wiki processes=2", "NAME [key=value...] -- command"),
    "name": ("GatewayApplication wi_ki -- true", 'the name "wi_ki" is not of letters'),
    "twice": ("GatewayApplication wiki -- true\nGatewayApplication WIKI -- true", "already"),
    "host": ("<VirtualHost *:1>\nGatewayApplication wiki -- true\n</VirtualHost>", "VirtualHost"),
    "nobody": ('ProxyPass "/x/" "gateway://nowhere/"', "there is no GatewayApplication nowhere"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_lines(directory, start, case):
    lines, message = WRONG[case]
    configuration = directory / "httpd.conf"
    configuration.write_text(
        "ServerRoot %s\nServerName localhost\nListen 127.0.0.1:1\nPidFile httpd.pid\n"
        "LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so\n"
        "LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so\n"
        "LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so\n"
        "LoadModule gateway_module %s\nErrorLog error.log\n%s\n" % (directory, OURS, lines)
    )
    ended = start(
        lambda place: Process(
            ["/usr/sbin/apache2", "-f", configuration, "-DFOREGROUND"], place / "log"
        )
    )
    assert ended.popen.wait(20) != 0
    log = directory / "error.log"
    assert message in ended.read_log() + (log.read_text() if log.exists() else "")


def test_a_check_starts_nothing(supervised_httpd, named):
    httpd = supervised_httpd(settings="processes=1")
    before = named.wait_ready(1)
    configuration = httpd.error_log.parent / "httpd.conf"
    assert os.system("/usr/sbin/apache2 -t -f %s 2>/dev/null" % configuration) == 0
    assert named.pids() == before
