# SPDX-License-Identifier: Apache-2.0
"""Applications that answer without reading what they are sent: the answer arrives every time."""

import pytest
from behaviours import body_for
from client import Client
from httpd import proxy_pass
from library import run_host
from load import run_gets
from long_form import IS_LONG

NUMBERED = ("--param", "QUERY_STRING=n=%n", "--expect-body", "answer to n=%n")
GETS = 20_000 if IS_LONG else 2_000
BODY = 10_000_000


@pytest.mark.parametrize("sigpipe", [[], ["--sigpipe-default"]], ids=["ignored", "default"])
def test_no_get_is_lost_by_the_library(responder, sigpipe):
    options = ("--count", GETS, "--threads", 64, *NUMBERED, *sigpipe)
    report = run_host(responder("early-close"), *options)
    assert report.outcomes == {"complete": GETS}


@pytest.mark.parametrize("mpm", ["prefork", "worker", "event"])
def test_no_get_is_lost_by_httpd(start_responder, serve, observe, module, mpm):
    application = start_responder("early-close")
    httpd = serve(proxy_pass(application.address), mpm)
    tally = run_gets(httpd.port, GETS)
    lost = GETS - tally["ok"]
    observe("%d GETs, 64 clients, answered unread, %s" % (GETS, mpm), "%d lost" % lost, "0 lost")
    if module == "ours":
        assert len(application.requests()) == GETS, "a request was run twice"


@pytest.mark.parametrize("behaviour", ["early-close", "never-reads"])
@pytest.mark.parametrize("way", ["bytes", "callback", "written"])
@pytest.mark.parametrize("transport, size", [("unix", 1), ("unix", 3_000_000), ("tcp", 60_000)])
def test_a_body_that_nobody_reads(responder, directory, behaviour, way, transport, size):
    query = "size=%d" % size
    expected = directory / "expected"
    expected.write_bytes(body_for(query.encode()))
    report = run_host(
        responder(behaviour, transport), "--count", 30, "--body-size", BODY, "--body-by", way,
        "--param", "QUERY_STRING=" + query, "--expect-body-file", expected,
    )  # fmt: skip
    assert report.outcomes == {"complete": 30}


@pytest.mark.parametrize("behaviour", ["early-close", "never-reads"])
@pytest.mark.parametrize("transport, size", [("unix", 1), ("unix", 3_000_000), ("tcp", 60_000)])
def test_a_body_that_nobody_reads_through_httpd(
    responder, start_httpd, behaviour, transport, size
):
    httpd = start_httpd("event", proxy_pass(responder(behaviour, transport)))
    query = "size=%d" % size
    body = b"x" * BODY
    for _ in range(10):
        with Client(httpd.port) as client:
            response = client.request("POST", "/?" + query, body=body)
        assert response is not None and response.status == 200 and response.whole
        assert response.body == body_for(query.encode())
