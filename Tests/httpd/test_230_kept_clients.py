# SPDX-License-Identifier: Apache-2.0
"""An answer to a body that nobody read: the client's next request is answered, or it was told."""

import hashlib
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from client import Client, Expecting
from h2_client import H2Client
from httpd import load_modules, proxy_pass
from long_form import IS_LONG

TIMES = 20 if IS_LONG else 3
# What answers without reading, the status of it, and the lines it takes.
ANSWERS = {
    "early-close": (200, "", ""),
    "never-reads": (200, "", ""),
    "early-answer": (200, "", ""),
    "overloaded": (503, "", ""),
    "die-unread": (502, "", ""),
    "garbage-unread": (502, "", ""),
    "silent-unread": (504, "", "timeout=1"),
    "fails-unread": (404, "ProxyErrorOverride On\n", ""),
    "redirects-unread": (200, "", ""),
    "names-file-unread": (200, "GatewaySendfile {files}\n", ""),
}
# The size of a body, and how long after the head it comes.
BODIES = [(10, 0), (10, 0.004), (60_000, 0), (60_000, 0.004), (300_000, 0), (3_000_000, 0.004)]
SMALL = 65_536


def keeps(response):
    return dict(response.fields).get("Connection") != "close"


def post(client, target, body, delay, chunked):
    """Sends the body from another thread, as a client does that reads while it sends."""
    coding = ("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(len(body)))
    whole = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if chunked else body
    if delay:
        client.send("POST", target, [coding])
        time.sleep(delay)
    else:
        head = "POST %s HTTP/1.1\r\nHost: localhost\r\n%s: %s\r\n\r\n" % (target, *coding)
        whole = head.encode() + whole
    sending = threading.Thread(target=send, args=(client.socket, whole))
    sending.start()
    response = client.receive()
    sending.join()
    return response


def send(connection, content):
    try:
        connection.sendall(content)
    except OSError:
        pass  # It was told of the close.


def read_by(client, number):
    """Whether the next request, with a body of its own, is read and answered."""
    body = b"next %d\n" % number * 1000
    response = client.request("POST", "/next?n=%d" % number, body=body)
    digest = "%d %s" % (len(body), hashlib.sha256(body).hexdigest())
    return response is not None and dict(response.fields).get("X-Body") == digest


def try_case(port, place, status, size, delay, chunked):
    body = b"GET /next?smuggled HTTP/1.1\r\nHost: x\r\n\r\n" * (size // 40 + 1)
    for number in range(TIMES if status != 504 else 1):
        with Client(port) as client:
            response = post(client, place, body[:size], delay, chunked)
            if response is None or response.status != status:
                return "answered %s" % (response and response.status)
            if not keeps(response):
                if client.receive() is not None:
                    return "goes on after a close"
                # httpd closes after a 503 whatever was read.
                if size < SMALL and not chunked and status in (200, 404):
                    return "closed after a small body"
            elif not read_by(client, number):
                return "the next request is lost"
    return None


@pytest.mark.parametrize("mpm, way", [("event", "plain"), ("event", "buffered"),
                                      ("event", "streamed"), ("prefork", "plain")])  # fmt: skip
def test_the_next_request_is_not_lost(start_responder, start_httpd, directory, mpm, way):
    (directory / "file").write_text("a file\n")
    lines = {"plain": "", "buffered": "GatewayBuffer 1M\n", "streamed": "GatewayStreamUploads On\n"}
    more, reader = lines[way], start_responder("answer").address
    more += proxy_pass(reader, "/next") + proxy_pass(reader, "/local/")
    for name, (_, setting, parameters) in ANSWERS.items():
        more += "<Location /%s>\n%s</Location>\n" % (name, setting.format(files=directory))
        more += proxy_pass(start_responder(name, "tcp").address, "/" + name, parameters)
    httpd = start_httpd(mpm, more)
    cases = [(name, *body) for name in ANSWERS for body in BODIES]
    # A second each, and nothing else that a case of another size does not show.
    cases = [case for case in cases if case[0] != "silent-unread" or case[1:] in BODIES[2:4]]

    def run(case):
        name, size, delay = case
        query = str(directory / "file") if name == "names-file-unread" else "n=1"
        place, status = "/%s?%s" % (name, query), ANSWERS[name][0]
        return try_case(httpd.port, place, status, size, delay, way == "streamed")

    with ThreadPoolExecutor(8) as pool:
        faults = {case: fault for case, fault in zip(cases, pool.map(run, cases)) if fault}
    assert not faults


def test_an_answer_that_begins_before_the_body_ends(responder, start_httpd):
    """Its head said nothing of a close: the rest is read away, however long it is."""
    more, application = proxy_pass(responder("answer"), "/next"), responder("head-then-end", "tcp")
    httpd = start_httpd("event", more + proxy_pass(application, "/", "flushpackets=on"))
    with Client(httpd.port) as client:
        for number in range(3):
            client.send("POST", "/?n=1", [("Content-Length", "5000000")])
            client.socket.sendall(b"x" * 1_000_000)
            while b"first\n" not in client.buffer:
                assert client._more()
            client.socket.sendall(b"x" * 4_000_000)
            response = client.receive()
            assert response.status == 200 and response.whole and keeps(response)
            assert read_by(client, number)


def test_the_redirected_request_has_no_body(responder, start_httpd):
    """And nothing that would describe one."""
    more = "GatewayStreamUploads On\n" + proxy_pass(responder("show-params"), "/local/")
    httpd = start_httpd("event", more + proxy_pass(responder("redirects-unread", "tcp")))
    for fields, rest in (
        ([("Transfer-Encoding", "chunked")], b"5\r\nab"),
        ([("Transfer-Encoding", "chunked")], b"5\r\nabcde\r\n0\r\n\r\n"),
        ([("Content-Length", "1000000")], b"abcde"),
        ([("Content-Length", "5")], b"abcde"),
        ([("Content-Length", "5"), ("Expect", "100-continue")], b""),
    ):
        with Expecting(httpd.port) as client:
            more = [("Content-Type", "text/x"), ("Content-Encoding", "gzip")]
            client.send("POST", "/?n=1", fields + more)
            client.socket.sendall(rest)
            while client.head() == "HTTP/1.1 100 Continue":
                pass
            response = client.receive()
            params = dict(line.split("=", 1) for line in response.body.decode().splitlines())
            assert params["REQUEST_METHOD"] == "GET"
            # httpd tells of the first request by REDIRECT_ names.
            told = re.compile("(HTTP_)?(CONTENT_.*|TRANSFER_ENCODING|EXPECT)$")
            assert not [name for name in params if told.match(name)]


@pytest.mark.parametrize("behaviour", ["early-close", "never-reads", "early-answer"])
def test_over_http2(responder, start_httpd, behaviour):
    more = load_modules("http2") + "Protocols h2c http/1.1\n"
    more += proxy_pass(responder("answer"), "/next")
    httpd = start_httpd("event", more + proxy_pass(responder(behaviour, "tcp")))
    with H2Client(httpd.port) as client:
        for number, size in enumerate((10, 60_000, 600_000, 10)):
            answer = client.request("POST", "/?n=1", b"x" * size)
            assert answer.whole and answer.status == 200
            body = b"next" * (number + 1)
            answer = client.request("POST", "/next?n=%d" % number, body)
            digest = "%d %s" % (len(body), hashlib.sha256(body).hexdigest())
            assert dict(answer.fields)["x-body"] == digest
