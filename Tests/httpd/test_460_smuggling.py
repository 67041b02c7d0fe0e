# SPDX-License-Identifier: Apache-2.0
"""No request is ever made of a request body, wherever the exchange fails."""

import pytest
import smuggling
from httpd import load_modules, proxy_pass, url_of

# A stage of failure, the behaviour that brings it about, and the status that the client gets;
# None where a part of the answer is out.
STAGES = [
    ("failed write of STDIN", "early-close", 200),
    ("answer before STDIN is read", "never-reads", 200),
    ("answer, then STDIN is read", "early-answer", 200),
    ("closed before the head", "die-unread", 502),
    ("closed within the body", "die-in-body-unread", 200),
    ("no FastCGI", "garbage-unread", 502),
    ("overloaded", "overloaded", 503),
    ("unknown role", "unknown-role", 502),
    ("no answer in time", "silent-unread", 504),
    ("all is well", "answer", 200),
]


@pytest.fixture
def target(start_responder):
    """The application that would run a request that was made of a body."""
    return start_responder("answer", "tcp")


def lines(target, proxied):
    options = "GatewayStreamUploads On\nLimitRequestFieldSize 2000000\n"
    return proxy_pass(target.address, smuggling.SMUGGLED) + options + proxied


def check(answer, status, target):
    """One answer, then the close; or all of the body was read, and the client's own next request
    is answered."""
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert target.requests() in ([], ["GET last=1"])
    assert answer.count(b"HTTP/1.1 ") == 1 + len(target.requests())


CHUNKED = pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])


@CHUNKED
@pytest.mark.parametrize("transport", ["unix", "tcp"])
@pytest.mark.parametrize("stage, behaviour, status", STAGES, ids=[stage[1] for stage in STAGES])
def test_while_an_exchange_fails(
    start_httpd, start_responder, target, stage, behaviour, status, transport, chunked
):
    application = start_responder(behaviour, transport)
    proxied = proxy_pass(application.address, "/", "timeout=1 flushpackets=on")
    httpd = start_httpd("event", lines(target, proxied))
    check(smuggling.post(httpd.port, "/?n=1", chunked), status, target)


@CHUNKED
def test_nobody_listens(start_httpd, target, directory, chunked):
    proxied = proxy_pass("unix:%s" % (directory / "no.sock"))
    httpd = start_httpd("event", lines(target, proxied))
    check(smuggling.post(httpd.port, "/?n=1", chunked), 503, target)


@CHUNKED
def test_a_full_backlog(start_httpd, target, full_backlog, chunked):
    proxied = proxy_pass(full_backlog.address, "/", "connectiontimeout=1")
    httpd = start_httpd("event", lines(target, proxied))
    check(smuggling.post(httpd.port, "/?n=1", chunked), 503, target)


@CHUNKED
def test_variables_over_the_limit(start_httpd, start_responder, target, chunked):
    proxied = proxy_pass(start_responder("answer").address)
    httpd = start_httpd("event", lines(target, proxied))
    large = b"X-Large: %s\r\n" % (b"v" * 1_200_000)
    check(smuggling.post(httpd.port, "/?n=1", chunked, fields=large), 431, target)


@CHUNKED
def test_an_error_page_in_its_place(start_httpd, start_responder, target, chunked):
    override = "ProxyErrorOverride On\n"
    proxied = override + proxy_pass(start_responder("fails-unread").address)
    httpd = start_httpd("event", lines(target, proxied))
    answer = smuggling.post(httpd.port, "/?n=1", chunked)
    assert b"the application's own page" not in answer
    check(answer, 404, target)


@CHUNKED
def test_a_redirect_in_its_place(start_httpd, start_responder, target, chunked):
    """The application that it leads to does not get the body either."""
    local = start_responder("answer", "tcp")
    proxied = (proxy_pass(local.address, "/local/")
               + proxy_pass(start_responder("redirects-unread").address))  # fmt: skip
    httpd = start_httpd("event", lines(target, proxied))
    check(smuggling.post(httpd.port, "/?n=1", chunked), 200, target)
    assert local.requests() == ["GET here=1"]


@CHUNKED
def test_a_path_that_is_refused(start_httpd, start_responder, target, chunked):
    handler = '    SetHandler "proxy:%s"\n' % url_of(start_responder("answer").address)
    proxied = '<Location "/">\n%s</Location>\n' % handler
    httpd = start_httpd("event", lines(target, proxied))
    check(smuggling.post(httpd.port, "/a%01b", chunked), 403, target)


def test_a_body_over_the_limit(start_httpd, start_responder, target):
    """httpd holds the limit against what is read to its end first, not against what is streamed."""
    limited = "GatewayStreamUploads Off\nLimitRequestBody 100000\n"
    proxied = limited + proxy_pass(start_responder("answer").address)
    httpd = start_httpd("event", lines(target, proxied))
    check(smuggling.post(httpd.port, "/?n=1", True), 413, target)


@CHUNKED
@pytest.mark.parametrize("behaviour, status", [("early-close", 200), ("die-unread", 502)])
@pytest.mark.parametrize("mpm", ["prefork", "worker"])
def test_under_the_other_mpms(
    start_httpd, start_responder, target, mpm, behaviour, status, chunked
):
    proxied = proxy_pass(start_responder(behaviour).address)
    httpd = start_httpd(mpm, lines(target, proxied))
    check(smuggling.post(httpd.port, "/?n=1", chunked), status, target)


@CHUNKED
def test_in_a_balancer(start_httpd, start_responder, target, chunked):
    """Also where the second member is tried."""
    members = [start_responder(name, "tcp").address for name in ("overloaded", "early-close")]
    urls = ["fcgi://%s" % address.partition(":")[2] for address in members]
    proxied = (
        load_modules("slotmem_shm", "proxy_balancer", "lbmethod_byrequests")
        + '<Proxy "balancer://pair">\n'
        '    BalancerMember "%s"\n    BalancerMember "%s" status=+H\n</Proxy>\n'
        'ProxyPass "/" "balancer://pair/"\n' % tuple(urls)
    )
    httpd = start_httpd("event", lines(target, proxied))
    answer = smuggling.post(httpd.port, "/?n=1", chunked)
    # The body is gone where more of it was read than is kept for another member.
    check(answer, 200 if answer.startswith(b"HTTP/1.1 200") else 503, target)


def test_beside_stock(serve, start_responder, target, observe):
    """What the other module makes of the same body."""
    application = start_responder("early-close", "tcp")
    httpd = serve(proxy_pass(target.address, smuggling.SMUGGLED) + proxy_pass(application.address))
    for _ in range(20):
        smuggling.post(httpd.port, "/?n=1", False, count=8000)
        is_run = any(line.startswith("GET inner") for line in target.requests())
        if is_run:
            break
    seen = "run, thousands" if len(target.requests()) > 1000 else "run" if is_run else "not run"
    observe("requests in a body that is answered unread", seen, "not run")
