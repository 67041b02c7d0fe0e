# SPDX-License-Identifier: Apache-2.0
"""GatewaySendfile: files that an application names, and none beside them."""

import os
import socket
from urllib.parse import quote

import pytest
from client import Client, get
from complaints import complaint_about
from h2_client import H2Client
from httpd import load_modules, php_handler
from processes import PHP

CONTENT = b"0123456789" * 1000
SECRET = b"not to be seen"


@pytest.fixture
def files(directory):
    """Files in a root, and what lies beside it."""
    root = directory / "files"
    (root / "below").mkdir(parents=True)
    (root / "plain.txt").write_bytes(CONTENT)
    # The ETag of a file that has just been written is a weak one, of no use for If-Range.
    os.utime(root / "plain.txt", (1e9, 1e9))
    (root / "per%20cent.txt").write_bytes(b"as it is\n")
    (root / "per cent.txt").write_bytes(b"decoded\n")
    (root / "within.txt").symlink_to("below/../plain.txt")
    (root / "out.txt").symlink_to(directory / "secret.txt")
    (root / "up").symlink_to("..")
    os.mkfifo(root / "pipe")
    (root / "locked.txt").write_bytes(SECRET)
    (root / "locked.txt").chmod(0)
    (directory / "files-beside").mkdir()
    for secret in ("secret.txt", "files-beside/secret.txt"):
        (directory / secret).write_bytes(SECRET)
    return root


@pytest.fixture
def serve_files(start_httpd, php, files):
    def serve_files(mpm="event", more=""):
        roots = "GatewaySendfile %s /mapped/=%s/\n" % (files, files)
        return start_httpd(mpm, php_handler(php.address) + roots + more)

    return serve_files


def target(path, field="X-Sendfile"):
    return "/send.php?field=%s&path=%s" % (field, quote(str(path)))


def named(response):
    return {name.lower(): value for name, value in response.fields}


@pytest.mark.parametrize("mpm", ["prefork", "worker", "event"])
def test_a_file_is_sent_instead(serve_files, files, mpm):
    httpd = serve_files(mpm)
    for field in ("X-Sendfile", "x-sendfile", "X-LIGHTTPD-send-file"):
        response = get(httpd.port, target(files / "plain.txt", field))
        assert (response.status, response.whole, response.body) == (200, True, CONTENT)
        fields = named(response)
        assert fields["content-length"] == "10000"
        assert fields["content-type"] == "application/x-own"
        assert fields["set-cookie"] == "kept=1"
        assert field.lower() not in fields


def test_ranges_and_conditions(serve_files, files):
    httpd = serve_files()
    with Client(httpd.port) as client:
        ask = target(files / "plain.txt")
        fields = named(client.request("GET", ask))
        part = client.request("GET", ask, [("Range", "bytes=1005-1014")])
        assert (part.status, part.body) == (206, b"5678901234")
        assert named(part)["content-range"] == "bytes 1005-1014/10000"
        same = ("If-Range", fields["etag"])
        assert client.request("GET", ask, [("Range", "bytes=-3"), same]).body == b"789"
        other = ("If-Range", '"other"')
        assert client.request("GET", ask, [("Range", "bytes=-3"), other]).body == CONTENT
        assert client.request("GET", ask, [("If-None-Match", fields["etag"])]).status == 304
        since = ("If-Modified-Since", fields["last-modified"])
        assert client.request("GET", ask, [since]).status == 304
        assert client.request("GET", ask, [("Range", "bytes=10000-")]).status == 416


def test_a_head_has_no_body(serve_files, files):
    httpd = serve_files()
    for path, field, length in ((files / "plain.txt", "X-Sendfile", 10000),
                                ("/mapped/plain.txt", "X-Accel-Redirect", 10000),
                                ("/query.php?a=42", "X-Accel-Redirect", None)):  # fmt: skip
        with Client(httpd.port) as client:
            client.send("HEAD", target(path, field), [("Connection", "close")])
            with client.socket.makefile("rb") as stream:
                head, end, body = stream.read().partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 OK\r\n") and (end, body) == (b"\r\n\r\n", b"")
            assert length is None or b"\r\nContent-Length: %d\r\n" % length in head


OUTSIDE = [
    "/etc/passwd", "{root}/../secret.txt", "{root}/below/../../secret.txt", "{root}/out.txt",
    "{root}/up/secret.txt", "{root}/%2e%2e/secret.txt", "{root}/..%2fsecret.txt",
    "{root}-beside/secret.txt", "{root}/up/files-beside/secret.txt", "{root}/..%00/secret.txt",
    "{root}", "{root}/", "{root}/below", "{root}/pipe", "{root}/locked.txt", "plain.txt",
    "../secret.txt", "/dev/zero", "/proc/self/environ", "{root}/missing", "{root}/plain.txt/",
    "file://{root}/plain.txt", "{root}/" + "x" * 5000,
]  # fmt: skip


def test_nothing_else_is(serve_files, files):
    httpd = serve_files()
    for path in OUTSIDE:
        response = get(httpd.port, target(path.format(root=files)))
        assert response.status in (403, 404), path
        assert SECRET not in response.body and b"instead" not in response.body
        assert "set-cookie" not in named(response)
    lines = [line for line in httpd.read_log().splitlines() if "GW1020" in line]
    assert len(lines) == len(OUTSIDE)
    assert "X-Sendfile: /etc/passwd is not sent: it is not below a root" in lines[0]


@pytest.mark.parametrize(
    "path", ["/mapped/../secret.txt", "/mapped/up/secret.txt", "/mapped/%2e%2e/secret.txt",
             "/mapped/..%2fsecret.txt", "/mapped/out.txt", "/mapped/below/../../secret.txt"]
)  # fmt: skip
def test_a_mapped_path_does_not_leave_its_root(serve_files, path):
    response = get(serve_files().port, target(path, "X-Accel-Redirect"))
    assert response.status in (403, 404) and SECRET not in response.body


def test_a_root_of_a_prefix_is_none_of_paths(start_httpd, php, files):
    httpd = start_httpd("event", php_handler(php.address) + "GatewaySendfile /a=%s\n" % files)
    assert get(httpd.port, target(files / "plain.txt")).status == 403
    assert get(httpd.port, target("/a/plain.txt", "X-Accel-Redirect")).body == CONTENT
    # A prefix ends where a name does.
    assert get(httpd.port, target("/ab/plain.txt", "X-Accel-Redirect")).status == 404


def test_links_and_names_within(serve_files, files):
    httpd = serve_files()
    for name, content in (("within.txt", CONTENT), ("up/files/plain.txt", CONTENT),
                          ("per%20cent.txt", b"as it is\n"), ("per cent.txt", b"decoded\n"),
                          ("p%65r%20cent.txt", b"decoded\n")):  # fmt: skip
        assert get(httpd.port, target("%s/%s" % (files, name))).body == content
    assert get(httpd.port, target("/mapped/p%65r%20cent.txt?x=1", "X-Accel-Redirect")).body == (
        b"decoded\n"
    )


def test_another_path_of_this_server(serve_files):
    """Without a prefix for it X-Accel-Redirect is answered as if the client had asked so."""
    httpd = serve_files()
    with Client(httpd.port) as client:
        page = client.request("GET", target("/query.php?a=42", "X-Accel-Redirect"))
        assert (page.status, page.body) == (200, b"a=42")
        assert named(page)["set-cookie"] == "kept=1"
        assert client.request("GET", "/query.php?b=1").body == b"b=1"


def test_it_has_to_be_asked_for(serve_files, files, php):
    httpd = serve_files(more='<Location "/send.php/off">\nGatewaySendfile Off\n</Location>\n')
    response = get(httpd.port, target(files / "plain.txt").replace("?", "/off?"))
    assert response.body == b"instead"
    assert named(response)["x-sendfile"] == str(files / "plain.txt")


@pytest.mark.parametrize("words", ["files", "=/srv", "/", "/a=/", ""])
def test_a_bad_line_is_told(directory, words):
    text = complaint_about(directory, "GatewaySendfile " + words)
    assert "GatewaySendfile" in text


def test_the_application_is_free_meanwhile(start, start_httpd, files):
    """One process, and a client that takes nothing of its file."""
    with open(files / "large", "wb") as large:
        large.truncate(1 << 28)
    httpd = start_httpd(
        "event", php_handler(start(PHP, children=1).address) + "GatewaySendfile %s\n" % files
    )
    with Client(httpd.port) as slow:
        slow.send("GET", target(files / "large"))
        assert slow.socket.recv(1, socket.MSG_PEEK)  # it has begun
        assert get(httpd.port, "/query.php?a=42").body == b"a=42"


def test_over_http2(serve_files, files):
    httpd = serve_files(more=load_modules("http2") + "Protocols h2c http/1.1\n")
    with H2Client(httpd.port) as client:
        ask = target(files / "plain.txt")
        whole = client.request("GET", ask)
        assert (whole.status, whole.whole, whole.body) == (200, True, CONTENT)
        part = client.request("GET", ask, fields=[("range", "bytes=0-4")])
        assert (part.status, part.body) == (206, b"01234")
        head = client.request("HEAD", ask)
        assert (head.status, head.body, dict(head.fields)["content-length"]) == (200, b"", "10000")
        assert client.request("GET", target("/etc/passwd")).status == 403
