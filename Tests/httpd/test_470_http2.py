# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 and TLS in front: variables, bodies both ways, answers that break off."""

import hashlib
import json
import subprocess

import pytest
import smuggling
from behaviours import body_for
from h2_client import H2Client
from httpd import load_modules, php_handler, proxy_pass
from test_460_smuggling import STAGES

PLAIN = load_modules("http2") + "Protocols h2c http/1.1\n"


@pytest.fixture
def tls(directory):
    """The lines for TLS, with a certificate of its own."""
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
               "-subj", "/CN=localhost", "-keyout", directory / "key.pem",
               "-out", directory / "certificate.pem"]  # fmt: skip
    subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return (
        load_modules("socache_shmcb", "ssl", "http2")
        + "Protocols h2 http/1.1\nSSLEngine on\nSSLOptions +StdEnvVars\n"
        "SSLCertificateFile %(d)s/certificate.pem\nSSLCertificateKeyFile %(d)s/key.pem\n"
        % {"d": directory}
    )


@pytest.fixture(params=["h2c", "h2"])
def front(request):
    """The lines of what is in front, and the client for it."""
    if request.param == "h2c":
        return PLAIN, H2Client
    return request.getfixturevalue("tls"), lambda port: H2Client(port, tls=True)


@pytest.mark.parametrize("mpm", ["worker", "event"])
def test_variables_of_tls(start_httpd, php, tls, mpm):
    httpd = start_httpd(mpm, tls + php_handler(php.address))
    with H2Client(httpd.port, tls=True) as client:
        variables = json.loads(client.request("GET", "/params.php?a=1").body)
    assert (variables["HTTPS"], variables["REQUEST_SCHEME"]) == ("on", "https")
    assert (variables["SERVER_PROTOCOL"], variables["HTTP2"]) == ("HTTP/2.0", "on")
    assert variables["SSL_PROTOCOL"].startswith("TLSv1.")
    assert variables["SSL_SERVER_S_DN"] == "CN=localhost"


@pytest.mark.parametrize("size", [0, 1, 100_000, 20_000_000])
def test_bodies(start_httpd, php, front, size):
    lines, connect = front
    httpd = start_httpd("event", lines + php_handler(php.address))
    body = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    with connect(httpd.port) as client:
        page = client.request("POST", "/page.php", body)
        assert page.status == 200 and page.whole
        line = b"body %d %s" % (size, hashlib.sha256(body).hexdigest().encode())
        assert line in page.body.splitlines()
        again = client.request("GET", "/page.php?a=42")
        assert again.body.startswith(b"page of fpm-fcgi\nsum 42\n")


@pytest.mark.parametrize(
    "behaviour", ["die-after-head", "die-in-body", "die-before-end", "die-in-end", "short-body"]
)
def test_a_break_is_a_reset(start_responder, start_httpd, front, behaviour):
    lines, connect = front
    broken = proxy_pass(start_responder(behaviour, "tcp").address, "/broken")
    httpd = start_httpd("event", lines + broken + proxy_pass(start_responder("answer").address))
    with connect(httpd.port) as client:
        answer = client.request("GET", "/broken?size=300000")
        assert answer.status == 502 or answer.reset is not None
        # The connection goes on.
        assert client.request("GET", "/?n=2").body == body_for(b"n=2")


def test_a_large_answer(responder, start_httpd, front):
    lines, connect = front
    httpd = start_httpd("event", lines + proxy_pass(responder("answer")))
    with connect(httpd.port) as client:
        answer = client.request("GET", "/?size=20000000")
        assert answer.whole and answer.body == body_for(b"size=20000000")


def test_an_echo(responder, start_httpd, front):
    lines, connect = front
    httpd = start_httpd("event", lines + proxy_pass(responder("echo")))
    body = b"to and fro\n" * 400_000
    with connect(httpd.port) as client:
        answer = client.request("POST", "/?n=1", body)
        assert answer.whole and answer.body == body


@pytest.mark.parametrize("stage, behaviour, status", STAGES, ids=[stage[1] for stage in STAGES])
def test_a_body_of_requests(start_httpd, start_responder, front, stage, behaviour, status):
    """Answered, and the rest of the body refused with its stream alone."""
    lines, connect = front
    target = start_responder("answer", "tcp")
    lines += proxy_pass(target.address, smuggling.SMUGGLED)
    application = proxy_pass(start_responder(behaviour).address, "/", "timeout=1")
    httpd = start_httpd("event", lines + application)
    with connect(httpd.port) as client:
        answer = client.request("POST", "/?n=1", smuggling.INNER * smuggling.COUNT)
        is_cut = behaviour == "die-in-body-unread"
        assert is_cut == (not answer.whole)
        # A head that still waits in mod_http2 when its stream is reset is never sent.
        assert answer.status == status or (is_cut and answer.status is None and answer.reset)
        if status == 200 and answer.whole:
            assert answer.body == body_for(b"n=1")
        assert client.request("GET", smuggling.SMUGGLED + "?last=1").body == body_for(b"last=1")
    assert target.requests() == ["GET last=1"]
