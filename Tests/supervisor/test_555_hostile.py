# SPDX-License-Identifier: Apache-2.0
"""What clients ask for and what applications say, in the forms of the status and on a terminal:
shown, and never obeyed."""

import json
import os
import pty
import re
import subprocess

import pytest
from client import get
from processes import wait_until
from status_agreement import check_agreement, running
from status_forms import STATUS, figures_of_metrics, json_of, page_of
from supervised import SUPERVISOR

# What REQUEST_URI is when it is decoded, as rules of an operator's may do.
DECODED = (
    'ProxyFCGISetEnvIf "%{REQUEST_URI} =~ /decoded/" REQUEST_URI'
    ' "%{REQUEST_URI}?%{unescape:%{QUERY_STRING}}"\n'
)
MARKUP = "%3Cscript%3Ealert(1)%3C/script%3E%22'%26%3C/td%3E%3Cimg%20src=x%20onerror=alert(1)%3E"
MARKED = "<script>alert(1)</script>\"'&</td><img src=x onerror=alert(1)>"
# The target, and what is shown of it.
HOSTILE = {
    "markup": (MARKUP, MARKUP),
    "markup, decoded": ("decoded" + MARKUP, "decoded" + MARKED),
    "controls": ("%01%0a%1b%7f", "%01%0a%1b%7f"),
    "controls, decoded": ("decoded?%01%0a%0d%1b[2J%7f%c2%9b2J", "decoded????"),
    "not UTF-8": ("%ff%fe", "%ff%fe"),
    "not UTF-8, decoded": ("decoded%ff%fe%ed%a0%80", "decoded�"),
    "JSON": ("decoded%5c%22,%7b%5cu0000%5cn", 'decoded\\",{\\u0000\\n'),
    "format": ("decoded%25s%25n%25d", "decoded%s%n%d"),
    "letters, cut": ("decoded" + "%e6%bc%a2" * 200, "decoded漢漢漢"),
    "not UTF-8, cut": ("decoded" + "%ff" * 500, "decoded���"),
    "long": ("a" * 7000, "aaa"),
}
CONTROLS = re.compile("[\0-\x1f\x7f-\x9f]")


def on_terminal(*words):
    """What a program writes to a terminal, which puts CR before each newline."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [str(word) for word in words], stdin=subprocess.DEVNULL, stdout=follower
    )
    os.close(follower)
    seen = b""
    try:
        while piece := os.read(leader, 4096):
            seen += piece
    except OSError:
        pass  # Nobody has it open any more.
    os.close(leader)
    assert process.wait(20) == 0
    return seen.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_requests(serve_status, named, gate, send, kind):
    """While a process runs them, every form is what it is, and so is the supervisor's answer."""
    httpd = serve_status("processes=2", DECODED)
    named.wait_ready(2)
    target, begin = HOSTILE[kind]
    joint = "&" if "?" in target else "?"
    client = send(httpd, "/wiki/" + target + joint + gate.hold("hostile"))
    wait_until(lambda: running(httpd) or is_answered(client), "it to run")
    (shown,) = running(httpd).values()
    assert shown.startswith("GET /wiki/" + begin), shown
    assert len(shown.encode()) < 128 and not CONTROLS.search(shown)
    check_agreement(httpd, named)
    page = page_of(httpd)
    for element in ("script", "img"):
        assert page.elements[element] == 0
    assert not any(name.startswith("on") for name in page.attributes)
    assert page.elements["td"] == 2 * 8
    for words in (["status"], ["status", "--json"]):
        asked = [SUPERVISOR, *words, "--runtime-dir", named.base, "wiki"]
        said = on_terminal(*asked)
        in_pipe = subprocess.run([str(word) for word in asked], stdout=subprocess.PIPE).stdout
        for text in (said, in_pipe.decode()):
            assert not CONTROLS.search(text.replace("\n", "")), text
            assert text.count("\n") == (1 if "--json" in words else 2 + 2)
            if "--json" in words:
                assert shown in [each["request"] for each in json.loads(text)["processes"]]
    gate.let_go()
    assert client.receive().status == 200


def is_answered(client):
    """Fails with what came instead, at once."""
    client.socket.settimeout(0.01)
    try:
        raise AssertionError(client.socket.recv(1 << 16))
    except TimeoutError:
        return False
    finally:
        client.socket.settimeout(30)


DYING = r"""# SPDX-License-Identifier: Apache-2.0
use FCGI;
use POSIX;
my $words = "<script>alert(1)</script>\"'&\\ \x01\r\e[2J\x7f\xc2\x9b2J\xff\xfe" . "x" x 9000 . "\n";
if (-e "%(file)s") { POSIX::write(2, $words, length $words); exit 3; }
my $request = FCGI::Request();
while ($request->Accept() >= 0) {
    print STDERR $words;
    POSIX::write(2, $words, length $words);
    if ($ENV{QUERY_STRING} =~ /head/) { print "Content-Type: $words\nStatus: 2$words\n\n"; }
    exit 3;
}
"""


@pytest.mark.parametrize("way", ["request", "head", "start"])
def test_hostile_last_words(start_httpd, directory, named, way):
    """Neither the page nor the log obeys what an application says when it dies."""
    program = directory / "dying.pl"
    program.write_text(DYING % {"file": directory / "broken"})
    program.chmod(0o644)
    line = "GatewayApplication wiki processes=1 -- perl %s\n" % program
    httpd = start_httpd("event", STATUS + line + 'ProxyPass "/wiki/" "gateway://wiki/"\n')
    named.wait_ready(1)
    (directory / "broken").touch() if way == "start" else None
    assert get(httpd.port, "/wiki/?" + way).status == 502
    said = "did not start" if way == "start" else "exit status 3"
    wait_until(lambda: said in httpd.read_log(), "the supervisor's line")
    (failure,) = json_of(httpd)["backends"][0]["failures"]
    assert failure["outcome"] in {"truncated", "protocol-error"}
    assert not CONTROLS.search(failure["message"])
    figures_of_metrics(httpd)
    page = page_of(httpd)
    assert page.elements["script"] == 0 and page.failures == [failure["message"]]
    log = httpd.error_log.read_bytes().decode()
    assert "script>alert(1)" in log
    assert not CONTROLS.search(log.replace("\n", ""))
