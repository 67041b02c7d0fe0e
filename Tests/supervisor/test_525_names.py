# SPDX-License-Identifier: Apache-2.0
"""gateway:// in handlers and balancers: names that nobody has, and members that come and go."""

import time

import pytest
from client import Client, get
from httpd import load_modules
from test_500_httpd import LINE

HANDLERS = {
    "name": "gateway://nope", "slash": "gateway://nope/", "path": "gateway://nope/x",
    "port": "gateway://wiki:9/", "empty": "gateway://", "no name": "gateway:///",
    "socket": "unix:/tmp/x.sock|gateway://nope/", "user": "gateway://me@wiki:x/",
    "bracket": "gateway://[::1/",
}  # fmt: skip
COMPUTED = (
    load_modules("rewrite", "actions")
    + 'RewriteEngine On\nRewriteRule "^/rewritten/(.*)$" - [H=proxy:gateway://$1/]\n'
    'ProxyPassMatch "^/matched/(.*)$" "gateway://$1/x"\n'
)


def handlers():
    lines = COMPUTED
    for name, url in HANDLERS.items():
        lines += '<Location "/%s">\n    SetHandler "proxy:%s"\n</Location>\n' % (name, url)
    return lines


@pytest.mark.parametrize("mpm", ["prefork", "worker", "event"])
def test_an_unknown_name_is_a_clean_500(start_httpd, public, directory, mpm):
    """Also for methods with a body; the children live on, and the log names the application."""
    pages = directory / "pages"
    pages.mkdir()
    (pages / ".htaccess").write_text('SetHandler "proxy:gateway://hidden/"\n')
    lines = LINE % ("processes=1", public) + handlers()
    lines += 'Alias "/own" "%s"\n<Directory "%s">\nAllowOverride All\nRequire all granted\n' % (
        pages, pages)  # fmt: skip
    httpd = start_httpd(mpm, load_modules("alias") + lines + "</Directory>\n")
    before = set(httpd.children())
    targets = ["/%s" % name.replace(" ", "%20") for name in HANDLERS]
    targets += ["/own/x", "/rewritten/nope", "/matched/nope", "/matched/"]
    for target in targets:
        for method, body in ("GET", b""), ("HEAD", b""), ("POST", b"a" * 100_000):
            with Client(httpd.port) as client:
                response = client.request(method, target, body=body)
            assert response.status == 500, (target, method, response.status)
    log = httpd.read_log()
    for name in "nope", "hidden", "wiki:9", "[wiki:x]", "[::1":
        assert "GW1035: there is no application at gateway://%s" % name in log, log
    assert log.count("GW1035") == 3 * len(targets) and "exit signal" not in log
    assert before <= set(httpd.children()) or mpm == "prefork"


BALANCER = """
<Location "/manager">
    SetHandler balancer-manager
</Location>
ProxyPass "/manager" "!"
<Proxy "balancer://both">
    BalancerMember "gateway://wiki" retry=1 %s
    BalancerMember "gateway://second" retry=1 %s
    ProxySet lbmethod=byrequests
</Proxy>
ProxyPass "/" "balancer://both/"
"""
LOADS = load_modules("slotmem_shm", "proxy_balancer", "lbmethod_byrequests", "proxy_hcheck")


@pytest.fixture
def balance(start_httpd, public):
    """httpd whose balancer has two applications of a process each, for which these hold."""

    def balance(first="", second="", mpm="event", settings="processes=1"):
        lines = LOADS + LINE % (settings, public)
        lines += LINE.replace(" wiki ", " second ") % (settings, public)
        return start_httpd(mpm, lines + BALANCER % (first, second))

    return balance


def pids_of(httpd, count=8):
    """The processes that answer so many requests."""
    pids = set()
    for number in range(count):
        page = get(httpd.port, "/x?n=%d" % number)
        assert page.status == 200, httpd.read_log()
        pids.add(int(page.body.split()[0]))
    return pids


@pytest.mark.parametrize("method", ["TCP", "GET hcuri=/", "OPTIONS"])
def test_a_health_check_leaves_a_healthy_member_in(balance, named, method):
    check = "hcmethod=%s hcinterval=100ms hcfails=1" % method
    httpd = balance(check, check)
    named.wait_ready(1)
    # Several times as long as a check takes to come round.
    deadline = time.monotonic() + 0.5
    while time.monotonic() < deadline:
        assert len(pids_of(httpd)) == 2
    log = httpd.read_log()
    assert log.count("GW1043") == 2 and "DISABLING" not in log


@pytest.mark.parametrize("first, second, count", [
    ("", "", 2), ("status=+N", "", 1), ("", "status=+H", 1), ("status=+D", "", 1),
    ("status=+S", "status=+H", 1),
])  # fmt: skip
def test_members(balance, named, first, second, count):
    """Both take part; a draining, disabled, stopped or standby one does not."""
    httpd = balance(first, second)
    named.wait_ready(1)
    assert len(pids_of(httpd)) == count


def test_another_member_answers_while_one_cannot(balance, named, directory):
    """An application whose only process is busy and whose queue is full passes requests on."""
    httpd = balance(settings="processes=1 queue=0 request-timeout=20s")
    named.wait_ready(1)
    pids = pids_of(httpd)
    assert len(pids) == 2
    with Client(httpd.port) as busy:
        busy.send("GET", "/x?sleep=1000")
        httpd.wait_until(lambda: len(named.pids("busy")) or len(pids_of(httpd, 4)) == 1, "it")
        assert len(pids_of(httpd, 6)) == 1
        assert busy.receive("GET").status == 200
    assert pids_of(httpd) == pids
