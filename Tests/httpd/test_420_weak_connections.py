# SPDX-License-Identifier: Apache-2.0
"""Connections to applications: writes that come too late, reuse, balancers, full backlogs."""

import pytest
from behaviours import body_for
from client import get
from httpd import ONE_PROCESS, load_modules, php_handler, proxy_pass, url_of
from load import Load
from processes import PHP, answers
from weakness import see, tally

REUSE = "enablereuse=on"
BALANCER = load_modules("slotmem_shm", "proxy_balancer", "lbmethod_byrequests")
LARGE = b"x" * 1_000_000


def balancer(first, second, parameters="", options=""):
    """Two members: the second gets a request only where the first is not usable."""
    return (
        BALANCER + '<Proxy "balancer://pair">\n'
        '    BalancerMember "%s" retry=60 %s\n    BalancerMember "%s" status=+H %s\n%s</Proxy>\n'
        'ProxyPass "/" "balancer://pair/"\n'
        % (url_of(first), parameters, url_of(second), parameters, options)
    )


def many(count, ask):
    """What a client sees of requests with queries of their own, one after the other."""
    return tally(ask("n=%d" % n) for n in range(count))


def by_get(port):
    return lambda query: see(port, body_for(query.encode()), "/?" + query)


@pytest.mark.parametrize("mpm", ["prefork", "worker", "event"])
def test_a_get_that_is_answered_at_once(start_responder, serve, observe, mpm):
    httpd = serve(proxy_pass(start_responder("early-close").address), mpm)
    seen = many(100, by_get(httpd.port))
    observe("answered before STDIN's end, 100 GETs, " + mpm, seen, "100 x 200, right")


@pytest.mark.parametrize("mpm", ["prefork", "worker", "event"])
@pytest.mark.parametrize("transport", ["unix", "tcp"])
def test_a_post_that_nobody_reads(start_responder, serve, observe, transport, mpm):
    application = start_responder("early-close", transport)
    httpd = serve(proxy_pass(application.address), mpm)

    def ask(query):
        return see(httpd.port, body_for(query.encode()), "/?" + query, "POST", content=LARGE)

    what = "POST of 1 MB answered unread, 20 by %s, %s" % (transport, mpm)
    observe(what, many(20, ask), "20 x 200, right")


def test_a_post_runs_once_in_a_balancer(start_responder, serve, observe):
    first, second = start_responder("early-close", "tcp"), start_responder("answer", "tcp")
    httpd = serve(balancer(first.address, second.address))
    see(httpd.port, b"", "/?n=1", "POST", content=LARGE)
    runs = len(first.requests()) + len(second.requests())
    # A member in error leaves the next request to the other one.
    get(httpd.port, "/?n=2")
    member = "kept" if "GET n=2" in first.requests() else "in error"
    what = "the same in a balancer: runs, then its member"
    observe(what, "%d x, member %s" % (runs, member), "1 x, member kept")


def test_overloaded_in_a_balancer(start_responder, serve, observe):
    first, second = start_responder("overloaded-once", "tcp"), start_responder("answer", "tcp")
    httpd = serve(balancer(first.address, second.address))
    seen = see(httpd.port, body_for(b"n=first"), "/?n=first")
    get(httpd.port, "/?n=2")
    member = "kept" if "GET n=2" in first.requests() else "in error"
    right = "200, right, member kept"
    observe("OVERLOADED in a balancer: seen, then its member", seen + ", member " + member, right)


def test_a_late_member_is_put_in_error(start_responder, serve, observe):
    first, second = start_responder("hang", "tcp"), start_responder("answer", "tcp")
    fail = "    ProxySet failontimeout=on timeout=1\n"
    httpd = serve(balancer(first.address, second.address, "timeout=1", fail))
    seen = [see(httpd.port, body_for(b"n=%d" % n), "/?n=%d" % n) for n in (1, 2)]
    observe("failontimeout: two requests", "; ".join(seen), "504; 200, right", "504; 504")


def test_a_kept_connection_that_was_closed(start_responder, serve, observe):
    application = start_responder("close-after")
    httpd = serve(proxy_pass(application.address, "/", REUSE), sizes=ONE_PROCESS)
    seen = many(100, by_get(httpd.port))
    assert len(application.requests()) <= 100
    observe("kept connection closed after each answer, 100", seen, "100 x 200, right")


def test_records_after_the_end(start_responder, serve, observe):
    application = start_responder("trailing-bytes")
    httpd = serve(proxy_pass(application.address, "/", REUSE), sizes=ONE_PROCESS)
    seen = many(100, by_get(httpd.port))
    observe("a second answer after END_REQUEST, kept, 100", seen, "100 x 200, right")


def test_an_end_in_pieces_on_a_kept_connection(start_responder, serve, observe):
    application = start_responder("end-in-pieces")
    httpd = serve(proxy_pass(application.address, "/", REUSE), sizes=ONE_PROCESS)
    seen = many(10, by_get(httpd.port))
    observe("END_REQUEST in pieces, kept, 10", seen, "10 x 200, right")


def test_what_follows_an_answer_that_came_early(start_responder, serve, observe):
    application = start_responder("keeps-unread", "tcp")
    httpd = serve(proxy_pass(application.address, "/", REUSE + " timeout=2"), sizes=ONE_PROCESS)
    for n in range(5):
        see(httpd.port, b"", "/?n=%d" % n, "POST", content=LARGE)
    inside = application.requests().count("next request inside STDIN")
    what = "next request lands inside the last one's STDIN"
    observe(what, "never" if inside == 0 else "seen", "never")


def test_a_full_backlog(full_backlog, serve, observe):
    httpd = serve(proxy_pass(full_backlog.address, "/", "connectiontimeout=1 timeout=1"))
    seen = see(httpd.port, b"")
    full_backlog.close()
    observe("full backlog, connectiontimeout=1", seen, "503", "no end")


def test_one_name_for_two_sockets(start_responder, serve, observe):
    """SetHandler lines that give two sockets the name that everybody uses."""
    first, second = start_responder("answer"), start_responder("show-params")
    lines = '<Proxy "fcgi://localhost/" enablereuse=on max=10>\n</Proxy>\n'
    for place, application in (("one", first), ("two", second)):
        handler = '    SetHandler "proxy:%s"\n' % url_of(application.address)
        lines += '<Location "/%s">\n%s</Location>\n' % (place, handler)
    httpd = serve(lines, sizes=ONE_PROCESS)
    seen = []
    for n in range(20):
        seen.append(see(httpd.port, body_for(b"n=%d" % n), "/one?n=%d" % n))
        shown = get(httpd.port, "/two?n=%d" % n)
        right = shown.status == 200 and b"QUERY_STRING=n=%d\n" % n in shown.body
        seen.append("200, right" if right else str(shown.status))
    observe("two sockets called fcgi://localhost/, kept, 40", tally(seen), "40 x 200, right")


def test_lines_that_are_merged(start_responder, serve, observe):
    first, second = start_responder("answer"), start_responder("show-params")
    lines = proxy_pass(first.address, "/one/") + proxy_pass(second.address, "/two/")
    log = serve(lines).read_log()
    told = "GW1004" in log and first.address[5:] in log and second.address[5:] in log
    what = "two ProxyPass lines, one name, two sockets"
    observe(what, "an error names both" if told else "no error", "an error names both", "no error")


def test_kept_connections_occupy_php(start, serve, observe, module):
    """The pool that keeps them is mod_proxy's with either module: ours can be told the capacity."""
    php = start(PHP, children=2)
    keeps = '<Proxy "fcgi://localhost/" enablereuse=on max=10>\n</Proxy>\n'
    if module == "ours":
        keeps += "GatewayCapacity %s 2 wait=60\n" % php.address
    httpd = serve("Timeout 2\n" + keeps + php_handler(php.address))
    load = Load(httpd.port, "/query.php?n=%d", lambda n: b"n=%d" % n, clients=48, total=300)
    lost = 300 - load.wait()["ok"]
    observe("php-fpm with 2 children, 48 clients, kept, 300", "%d lost" % lost, "0 lost")


def test_nobody_listens(directory, serve, observe):
    httpd = serve(proxy_pass("unix:%s" % (directory / "no.sock")))
    assert answers("tcp:127.0.0.1:%d" % httpd.port)
    observe("no such socket", see(httpd.port, b""), "503", "503")
