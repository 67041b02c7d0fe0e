# SPDX-License-Identifier: Apache-2.0
"""GatewayAuthorizer: an application decides who may have what (FastCGI 1.0 section 6.3)."""

import json

import pytest
from client import Client, Expecting, get
from complaints import complaint_about
from h2_client import H2Client
from httpd import load_modules, php_handler, proxy_pass, url_of
from processes import ROOT, SITE

KEY = ("Authorization", "Bearer sesame")
SMUGGLED = b"GET /query.php?a=smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"


def ask(address, more=""):
    """The lines that ask an authorizer about all paths."""
    return '<Location "/">\nGatewayAuthorizer "%s" %s\n</Location>\n' % (url_of(address), more)


@pytest.fixture
def authorized(start_httpd, php):
    """An httpd with files and PHP pages behind an authorizer in PHP."""

    def authorized(mpm="event", more=""):
        script = "script=%s/authorize.php" % SITE
        return start_httpd(mpm, ask(php.address, script) + php_handler(php.address) + more)

    return authorized


def named(response):
    return {name.lower(): value for name, value in response.fields}


@pytest.mark.parametrize("mpm", ["prefork", "worker", "event"])
def test_its_answer_is_the_clients(authorized, mpm):
    httpd = authorized(mpm)
    with Client(httpd.port) as client:
        for target in ("/query.php/info?a=1", "/head.php", "/missing"):
            refused = client.request("GET", target)
            assert (refused.status, refused.phrase) == (401, "Who are you")
            assert named(refused)["www-authenticate"] == "Bearer"
            assert refused.body == (
                b"CONTENT_LENGTH=\nPATH_INFO=\nPATH_TRANSLATED=\nSCRIPT_NAME=\nGET %s\n"
                % target.encode()
            )
        assert client.request("GET", "/query.php?a=1", [KEY]).body == b"a=1"
        page = client.request("GET", "/params.php", [KEY])
        variables = json.loads(page.body)
        assert (variables["WHO"], variables["ROLE"]) == ("alice", "AUTHORIZER")
        assert variables["FCGI_ROLE"] == "RESPONDER"
        # What it was told is not the handler's, and what else it says not the client's.
        assert "HTTP_AUTHORIZATION" not in variables and "set-cookie" not in named(page)


def test_a_file_of_httpds_own(authorized):
    more = 'Alias "/files" "%s"\n<Directory "%s">\nRequire all granted\n</Directory>\n'
    httpd = authorized(more=load_modules("alias") + more % (ROOT / "include", ROOT / "include"))
    assert get(httpd.port, "/files/gateway.h").status == 401
    assert get(httpd.port, "/files/gateway.h", [KEY]).body.startswith(b"/* SPDX")
    head = get(httpd.port, "/files/gateway.h", [("Range", "bytes=0-1"), KEY])
    assert (head.status, head.body) == (206, b"/*")


def test_it_may_send_somewhere_else(authorized):
    response = get(authorized().port, "/params.php?a=login")
    assert response.status == 302
    assert named(response)["location"] == "http://login.example/?from=/params.php?a=login"


def test_requires_hold_too(authorized):
    more = '<Location "/head.php">\nRequire all denied\n</Location>\n'
    assert get(authorized(more=more).port, "/head.php", [KEY]).status == 403


def test_others_may_let_in_too(authorized):
    """With Satisfy Any there is one answer, and that is not the authorizer's page."""
    more = load_modules("access_compat") + '<Location "/">\nSatisfy Any\n%s\n</Location>\n'
    httpd = authorized(more=more % "Require all granted")
    with Client(httpd.port) as client:
        assert client.request("GET", "/query.php?a=1").body == b"a=1"
        assert client.request("GET", "/query.php?a=2", [KEY]).body == b"a=2"
    httpd = authorized(more=more % "Require all denied")
    assert get(httpd.port, "/query.php?a=1").status == 403
    assert get(httpd.port, "/query.php?a=2", [KEY]).body == b"a=2"


def test_off_in_a_part(authorized):
    more = '<Location "/query.php">\nGatewayAuthorizer Off\n</Location>\n'
    httpd = authorized(more=more)
    assert get(httpd.port, "/query.php?a=1").body == b"a=1"
    assert get(httpd.port, "/head.php").status == 401


def test_variables_go_along_inside_of_httpd(authorized):
    """Where httpd goes on with another path in the same place."""
    more = load_modules("rewrite", "dir") + (
        "DirectoryIndex params.php\n<Directory %s>\nRewriteEngine On\n"
        'RewriteRule "^(clean|page\\.php)$" "/params.php"\n</Directory>\n' % SITE
    )
    httpd = authorized(more=more)
    for target in ("/clean", "/page.php", "/"):
        assert get(httpd.port, target).status == 401
        assert json.loads(get(httpd.port, target, [KEY]).body)["WHO"] == "alice"


def test_a_refused_body_is_no_next_request(authorized):
    httpd = authorized()
    with Client(httpd.port) as client:
        # Read away, so that the next request is the client's own; and too large for that.
        for _ in range(3):
            refused = client.request("POST", "/page.php", body=SMUGGLED * 200)
            assert refused.status == 401 and "connection" not in named(refused)
        assert client.request("GET", "/query.php?a=1", [KEY]).body == b"a=1"
        refused = client.request("POST", "/page.php", body=SMUGGLED * 40_000)
        assert refused.status == 401 and named(refused)["connection"] == "close"
        assert client.receive() is None


def test_a_refused_client_is_not_asked_for_its_body(authorized):
    with Expecting(authorized().port) as client:
        client.announce("/page.php", [("Content-Length", "1000")])
        refused = client.receive()
        assert refused.status == 401 and named(refused)["connection"] == "close"
        assert client.receive() is None


def test_an_accepted_body_is_the_handlers(authorized):
    page = Client(authorized().port)
    with page as client:
        response = client.request("POST", "/page.php", [KEY], b"x" * 200_000)
        assert b"body 200000 " in response.body


def test_over_http2(authorized):
    httpd = authorized(more=load_modules("http2") + "Protocols h2c http/1.1\n")
    with H2Client(httpd.port) as client:
        refused = client.request("POST", "/page.php", b"x" * 300_000)
        assert (refused.status, refused.body[-15:]) == (401, b"POST /page.php\n")
        key = [(KEY[0].lower(), KEY[1])]
        assert client.request("GET", "/query.php?a=1", fields=key).body == b"a=1"


@pytest.mark.parametrize("behaviour, more, status, complaint", [
    ("die-before-head", "", 502, "truncated (head)"),
    ("malformed-head", "", 502, "protocol-error (head)"),
    ("overloaded", "", 503, "overloaded (head)"),
    ("hang", "timeout=1", 504, "timed-out (total)"),
    (None, "", 503, "connect-failed (connect)"),
])  # fmt: skip
def test_who_cannot_be_asked_has_not_agreed(
    start_httpd, responder, php, directory, behaviour, more, status, complaint
):
    nobody = "unix:%s/nobody" % directory
    address = responder(behaviour) if behaviour else nobody
    httpd = start_httpd("event", ask(address, more) + php_handler(php.address))
    response = get(httpd.port, "/query.php?a=1")
    assert response.status == status and b"a=1" not in response.body
    (line,) = [line for line in httpd.read_log().splitlines() if "GW1022" in line]
    assert complaint in line and address in line


def test_a_page_without_end(authorized):
    httpd = authorized()
    assert get(httpd.port, "/query.php?a=large").status == 502
    assert "GW1022" in httpd.read_log()


def test_over_tcp(start_httpd, responder, start_responder):
    """It answers when the params have ended: there is no STDIN to wait for."""
    application = start_responder("answer")
    lines = ask(responder("early-close", "tcp")) + proxy_pass(application.address)
    assert get(start_httpd("event", lines).port, "/?n=1").status == 200
    assert application.requests() == ["GET n=1"]


@pytest.mark.parametrize(
    "words", ["", "http://localhost/", "unix:/a script=b", "unix:/a timeout=0", "unix:/a more"]
)
def test_a_bad_line_is_told(directory, words):
    assert "GatewayAuthorizer" in complaint_about(directory, "GatewayAuthorizer " + words)
