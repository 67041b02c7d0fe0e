# SPDX-License-Identifier: Apache-2.0
"""What goes in and what comes out, with php-fpm and with a responder that tells its params."""

import hashlib
import os
import re
import subprocess
import sys

import pytest

from conftest import PROGRAM

SIZE = 50_000_000

# A process begins with the peak of whoever made it: a small one has to.
MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def params(done):
    return dict(line.split("=", 1) for line in done.stdout.decode().splitlines())


def test_params(get, responder):
    done = get(
        responder("show-params"),
        *("-q", "a=1", "-H", "Cookie: x=1", "-H", "Cookie: y=2", "-H", "X-Some: thing"),
        *("--path-info", "/in fo", "--env", "K=V=W", "--env", "SERVER_NAME=there"),
    )
    told = params(done)
    assert told["SCRIPT_FILENAME"] == "/srv/index.php"
    assert told["SCRIPT_NAME"] == "/index.php"
    assert told["PATH_INFO"] == "/in fo"
    assert told["REQUEST_URI"] == "/index.php/in%20fo?a=1"
    assert told["QUERY_STRING"] == "a=1"
    assert told["REQUEST_METHOD"] == "GET"
    assert told["HTTP_COOKIE"] == "x=1; y=2"
    assert told["HTTP_X_SOME"] == "thing"
    assert (told["K"], told["SERVER_NAME"]) == ("V=W", "there")
    assert told["GATEWAY_INTERFACE"] == "CGI/1.1"
    assert "CONTENT_LENGTH" not in told


def test_script_below_the_document_root(get, responder):
    told = params(
        get(
            responder("show-params"),
            *("--document-root", "/srv/", "--uri", "/pretty?b=2", "-X", "DELETE"),
            script="/srv/in/index.php",
        )
    )
    assert told["SCRIPT_NAME"] == "/in/index.php"
    assert (told["REQUEST_URI"], told["QUERY_STRING"]) == ("/pretty?b=2", "b=2")
    assert told["REQUEST_METHOD"] == "DELETE"


@pytest.mark.parametrize("source", ["bytes", "file", "pipe", "redirected"])
@pytest.mark.parametrize("records", [[], ["--records"]], ids=["direct", "records"])
def test_body(get, responder, tmp_path, source, records):
    body = os.urandom(300_000) if source != "bytes" else b"a=1&b=2"
    file = tmp_path / "body"
    file.write_bytes(body)
    given, keywords = {
        "bytes": (body.decode("latin-1"), {}),
        "file": ("@%s" % file, {}),
        "pipe": ("@-", {"input": body}),
        "redirected": ("@-", {}),
    }[source]
    if source == "redirected":
        with open(file, "rb") as opened:
            done = get(responder("answer"), "-i", "-d", given, *records, stdin=opened)
    else:
        done = get(responder("answer"), "-i", "-d", given, *records, **keywords)
    digest = "X-Body: %d %s\n" % (len(body), hashlib.sha256(body).hexdigest())
    assert digest.encode() in done.stdout
    assert done.returncode == 0


def test_head(get, responder):
    address = responder("answer")
    done = get(address, "--head")
    head = b"Status: 200 OK\nContent-Type: text/plain\nSet-Cookie: a=1\nSet-Cookie: b=2\n\n"
    assert (done.returncode, done.stdout) == (0, head)
    assert params(get(responder("show-params"), "-X", "GET"))["REQUEST_METHOD"] == "GET"
    with_body = get(address, "-i", "-q", "x")
    assert with_body.stdout == head + b"answer to x\n"


def test_application_complains(get, responder):
    done = get(responder("error-text"))
    assert done.stderr == b"first complaint\nsecond complaint\n"
    assert done.stdout == b"answer to \n"


@pytest.mark.parametrize("records", [[], ["--records"]], ids=["direct", "records"])
def test_repeat_on_a_kept_connection(get, responder, records):
    arguments = ["-q", "x", "--repeat", "3", "--keep-connection", "--timings", *records]
    done = get(responder("answer"), *arguments)
    assert (done.returncode, done.stdout) == (0, b"answer to x\n" * 3)
    lines = re.findall(rb"^\* connection: (\w+)", done.stderr, re.M)
    assert lines == [b"new", b"reused", b"reused"]
    assert len(re.findall(rb"^\* outcome: complete, status 200", done.stderr, re.M)) == 3


@pytest.mark.parametrize("records", [[], ["--records"]], ids=["direct", "records"])
def test_large_download(responder, tmp_path, records):
    """50 MB end in a file, and the program never holds them."""
    file = tmp_path / "large"
    query = "size=%d" % SIZE
    command = [PROGRAM, responder("answer"), "/x", "-q", query, "-o", file, *records]
    measured = [sys.executable, "-c", MEASURE, *map(str, command)]
    done = subprocess.run(measured, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    line = b"answer to %s\n" % query.encode()
    assert file.read_bytes() == (line * (SIZE // len(line) + 1))[:SIZE]
    assert int(done.stdout) < 40_000  # KiB


def test_php(get, php):
    done = get(php.address, "-q", "case=id&token=abc", script=php.script)
    assert (done.returncode, done.stdout) == (0, b"abc\n")
