# SPDX-License-Identifier: Apache-2.0
"""Requests that gateways change on their way, and bodies that they wait for too long."""

import hashlib
import threading

import pytest
import smuggling
from behaviours import body_for
from client import Client, get, post
from httpd import php_handler, proxy_pass
from weakness import PATIENCE, describe, see


def shown(port, fields):
    """The params that the application was sent, by their names."""
    with Client(port) as client:
        body = client.request("GET", "/?n=1", fields).body.decode("latin-1")
    return dict(line.split("=", 1) for line in body.splitlines())


@pytest.fixture
def shows(responder, serve):
    limits = "LimitRequestFieldSize 400000\n"
    return serve(limits + proxy_pass(responder("show-params")))


@pytest.mark.parametrize("size", [20_000, 100_000])
def test_a_large_field(shows, observe, size):
    value = shown(shows.port, [("X-Large", "v" * size)]).get("HTTP_X_LARGE", "")
    seen = "sent" if value == "v" * size else "dropped, the request runs"
    observe("a field of %d bytes in the request" % size, seen, "sent", "dropped, the request runs")


def test_variables_over_the_limit(directory, serve, observe):
    """Refused before an application is bothered: this one is not there."""
    lines = "LimitRequestFieldSize 2000000\n" + proxy_pass("unix:%s" % (directory / "no.sock"))
    httpd = serve(lines)
    seen = see(httpd.port, b"", fields=[("X-Large", "v" * 1_200_000)])
    observe("1.2 MB of variables, no application", seen, "431", "503")
    if seen == "431":
        assert "GW1010: the variable HTTP_X_LARGE" in httpd.read_log()


def test_cookie_lines(shows, observe):
    value = shown(shows.port, [("Cookie", "a=1"), ("Cookie", "b=2")])["HTTP_COOKIE"]
    observe("two Cookie lines", value, "a=1; b=2", "a=1, b=2")


def test_no_proxy_variable(shows, observe):
    params = shown(shows.port, [("Proxy", "http://evil.example/")])
    seen = "sent" if "HTTP_PROXY" in params else "not sent"
    observe("a Proxy field as HTTP_PROXY", seen, "not sent", "not sent")


def test_names_that_are_one(shows, observe):
    params = shown(shows.port, [("X-Name", "right"), ("X_Name", "forged")])
    observe("X-Name beside X_Name", params["HTTP_X_NAME"], "right", "right")


def test_a_chunked_upload_to_php(php, serve, observe):
    httpd = serve(php_handler(php.address))
    body = b"0123456789" * 5000
    with Client(httpd.port) as client:
        client.send("POST", "/page.php", [("Transfer-Encoding", "chunked")])
        for at in range(0, len(body), 10_000):
            client.socket.sendall(b"2710\r\n" + body[at : at + 10_000] + b"\r\n")
        client.socket.sendall(b"0\r\n\r\n")
        page = client.receive().body
    whole = b"body %d %s" % (len(body), hashlib.sha256(body).hexdigest().encode())
    seen = "whole" if whole in page else "empty" if b"\nbody 0 " in page else "cut"
    # Stock sends what is at hand before it connects: where that is all, it is whole.
    observe("a chunked upload of 50,000 bytes to php-fpm", seen, "whole")


@pytest.mark.parametrize(
    "behaviour, what",
    [("echo", "5 MB echoed while they are sent"), ("early-answer", "5 MB both ways, answer first")],
    ids=["echo", "early-answer"],
)
def test_both_bodies_move(responder, serve, observe, behaviour, what):
    """At once, or none does when the buffers are full."""
    httpd = serve("Timeout 2\n" + proxy_pass(responder(behaviour), "/", "timeout=2"))
    body = b"to and fro\n" * 500_000
    right = body if behaviour == "echo" else body_for(b"size=5000000")
    with Client(httpd.port, PATIENCE) as client:
        sending = threading.Thread(target=client.send, args=("POST", "/?size=5000000", (), body))
        sending.start()
        try:
            seen = describe(client.receive(), right)
        except TimeoutError:
            seen = "no end"
        smuggling.close(client.socket)
        sending.join()
    observe(what, seen, "200, right")


def test_an_answer_before_the_upload_ends(responder, serve, observe):
    httpd = serve(proxy_pass(responder("early-answer")))
    with Client(httpd.port, PATIENCE) as client:
        client.send("POST", "/?n=1", [("Content-Length", "1000000")])
        client.socket.sendall(b"x" * 300_000)
        try:
            seen = describe(client.receive(), body_for(b"n=1"))
        except TimeoutError:
            seen = "held back"
    observe("an answer while the upload pauses", seen, "200, right")


def test_a_client_that_leaves_in_its_upload(start_responder, serve, observe):
    application = start_responder("notes-end")
    httpd = serve(proxy_pass(application.address))
    with Client(httpd.port) as client:
        client.send("POST", "/?n=1", [("Content-Length", "1000000")])
        client.socket.sendall(b"x" * 300_000)
    application.wait_until(lambda: len(application.requests()) == 2, "the application's note")
    observe("a client leaves: STDIN", application.requests()[-1], "aborted", "broken off")


def test_a_dripped_head(start_responder, serve, observe):
    application = start_responder("dripped-head")
    httpd = serve(proxy_pass(application.address, "/", "timeout=1"))
    seen = see(httpd.port, b"")
    application.stop()
    observe("a head without end, dripped, timeout=1", seen, "504", "no end")


def test_lines_of_stderr(responder, serve, observe):
    httpd = serve(proxy_pass(responder("error-lines")))
    assert get(httpd.port, "/?n=1").status == 200
    seen = "entries: %d" % httpd.read_log().count("AH01071")
    observe("two lines of STDERR in the error log", seen, "entries: 2", "entries: 1")


def test_a_flood_of_stderr(responder, serve, observe):
    httpd = serve(proxy_pass(responder("error-flood")))
    assert see(httpd.port, body_for(b"n=1"), "/?n=1") == "200, right"
    size = len(httpd.read_log())
    seen = "all of it" if size > 8_000_000 else "the first of it" if size > 64_000 else "little"
    observe("8 MB of STDERR in the error log", seen, "the first of it", "all of it")


def test_a_location_elsewhere(responder, serve, observe):
    httpd = serve(proxy_pass(responder("redirects-away")))
    answer = get(httpd.port, "/?n=1")
    observe("Location: a URL, no Status", str(answer.status), "302", "200")


def test_a_location_here(responder, serve, observe):
    local = proxy_pass(responder("answer", "tcp"), "/local/")
    httpd = serve(local + proxy_pass(responder("redirects-here")))
    answer = get(httpd.port, "/?n=1")
    followed = answer.body == body_for(b"here=1")
    seen = "%d, %s" % (answer.status, "that path's answer" if followed else "not followed")
    observe("Location: a path, no Status", seen, "200, that path's answer", "200, not followed")


def test_fields_of_its_own_connection(responder, serve, observe):
    httpd = serve(proxy_pass(responder("hop-by-hop")))
    names = {name.lower() for name, _ in get(httpd.port, "/?n=1").fields}
    passed = sorted(names & {"x-mine", "upgrade"})
    observe("hop-by-hop fields of the application", ", ".join(passed) or "none", "none")


def test_what_the_access_log_can_tell(responder, serve, observe, directory):
    log = directory / "access"
    lines = 'LogFormat "%%{gateway-outcome}n" outcome\nCustomLog %s outcome\n' % log
    httpd = serve(lines + proxy_pass(responder("die-before-head")))
    post(httpd.port, "/?n=1", b"x")
    httpd.wait_until(lambda: log.exists() and log.read_text(), "the access log")
    observe("the outcome in the access log", log.read_text().strip(), "truncated", "-")
