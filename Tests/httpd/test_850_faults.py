# SPDX-License-Identifier: Apache-2.0
"""What is told of exchanges that fail: error lines, records, the flight recorder."""

import re
import socket
import subprocess
import time

import pytest
from behaviours import body_for
from client import Client, get, post
from complaints import complaint_about
from h2_client import H2Client
from httpd import load_modules, proxy_pass, url_of
from processes import ROOT

PROGRAM = ROOT / ".build" / "release" / "gateway-get"
FACTS = (
    r"\d+ bytes sent, \d+ received; request sent: [\w. ]+, first byte: [\w. ]+, "
    r"end: \d+\.\d ms; queue: [\w. ]+, connect: [\w. ]+, script "
)
RECORD = re.compile(r"^ *\d+\.\d{3} ([<>]) (\w+) +id (\d+)  content (\d+) +padding \d+", re.M)


def error_line(httpd, tag):
    (line,) = [line for line in httpd.read_log().splitlines() if tag in line]
    return line


@pytest.fixture
def deaf(directory):
    """An application that takes connections, and never a byte."""
    path = directory / "deaf.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        path.chmod(0o666)
        listener.listen()
        yield "unix:%s" % path


@pytest.mark.parametrize("behaviour, stage, status", [
    ("hang", "timed-out (head)", 504), ("die-before-head", "truncated (head)", 502),
    ("malformed-head", "protocol-error (head)", 502), ("overloaded", "overloaded (head)", 503),
    ("die-before-end", "truncated (body)", None),
])  # fmt: skip
def test_an_error_line_tells_all(responder, start_httpd, behaviour, stage, status):
    address = responder(behaviour)
    httpd = start_httpd("event", proxy_pass(address, "/", "timeout=1"))
    response = get(httpd.port, "/?n=1&size=100000")
    assert status is None or response.status == status
    line = error_line(httpd, "AH01075")
    assert stage in line and address.partition(":")[2] in line
    assert re.search(FACTS, line)
    assert ("first byte: never" in line) == (behaviour in ("hang", "die-before-head"))
    assert not re.search(r" 0 bytes sent", line)


def test_stages_of_sending(deaf, start_httpd):
    """The params, which are more than a socket holds, and the body."""
    large = 'SetEnv LARGE "%s"\n' % ("x" * 900_000)
    lines = load_modules("env") + '<Location "/params">\n%s</Location>\n' % large
    httpd = start_httpd("event", lines + proxy_pass(deaf, "/", "timeout=1"))
    assert get(httpd.port, "/params").status == 504
    assert "timed-out (params)" in error_line(httpd, "AH01075")
    assert post(httpd.port, "/stdin", b"x" * 2_000_000).status == 504
    assert "timed-out (stdin)" in httpd.read_log()


def test_stages_before_sending(directory, responder, start_httpd):
    gone = "unix:%s/gone.sock" % directory
    busy = responder("hang", "tcp")
    lines = proxy_pass(gone, "/gone") + proxy_pass(busy, "/busy", "timeout=3 enablereuse=on")
    httpd = start_httpd("event", lines + "GatewayCapacity %s 1 wait=1\n" % url_of(busy))
    assert get(httpd.port, "/gone").status == 503
    line = error_line(httpd, "AH01079")
    assert "connect-failed (connect): %s/gone.sock; 0 bytes sent" % directory in line
    assert "(2)No such file or directory" in line
    with Client(httpd.port) as one, Client(httpd.port) as other:
        for client in (one, other):
            client.send("GET", "/busy")
        assert sorted(client.receive().status for client in (one, other)) == [503, 504]
    line = error_line(httpd, "GW1007")
    assert busy.partition(":")[2] in line and "overloaded (queue): it waited too long" in line
    assert re.search(r"queue: \d+\.\d ms", line)


def test_records_in_the_log(responder, start_httpd):
    level = "LogLevel proxy_fcgi:trace4\n"
    httpd = start_httpd("event", level + proxy_pass(responder("answer")))
    assert post(httpd.port, "/?size=100000", b"12345").status == 200
    seen = re.findall(r"([<>]) (\w+) \((\d+)\) id (\d+) content (\d+) padding (\d+)",
                      httpd.read_log())  # fmt: skip
    kinds = [(direction, name, number) for direction, name, number, *_ in seen]
    sent = [kind for kind in kinds if kind[0] == ">"]
    assert sent == [(">", "BEGIN_REQUEST", "1"), (">", "PARAMS", "4"), (">", "PARAMS", "4"),
                    (">", "STDIN", "5"), (">", "STDIN", "5")]  # fmt: skip
    received = [kind for kind in kinds if kind[0] == "<"]
    assert received == [("<", "STDOUT", "6")] * 3 + [("<", "END_REQUEST", "3")]
    assert seen[3][3:] == ("1", "5", "3")
    contents = [int(content) for direction, name, _, _, content, _ in seen if name == "STDOUT"]
    assert 100_000 < sum(contents) < 100_300


# ------------------------------------------------------------------------- the flight recorder


@pytest.fixture
def record(directory, responder, start_httpd):
    """Asks an application that fails; the files that come of it, and httpd."""
    flights = directory / "flights"
    flights.mkdir()
    flights.chmod(0o777)

    def record(behaviour, size="64K", more="", ask=get):
        lines = more + "GatewayFlightRecorder %s %s\n" % (size, flights)
        httpd = start_httpd("event", lines + proxy_pass(responder(behaviour), "/", "timeout=1"))
        ask(httpd.port, "/?n=1&size=100000")
        return sorted(flights.iterdir()), httpd

    return record


def replay(file):
    done = subprocess.run([PROGRAM, "--replay", file], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_late_answer_is_recorded(record):
    (file,), httpd = record("hang")
    assert str(file) in error_line(httpd, "GW1024")
    assert file.stat().st_mode & 0o777 == 0o600
    text = replay(file)
    assert "request: GET /?n=1&size=100000 HTTP/1.1\n" in text
    assert "outcome: timed-out (head)" in text and "QUERY_STRING=n=1&size=100000" in text
    assert [match[:3] for match in RECORD.findall(text)] == [
        (">", "BEGIN_REQUEST", "1"), (">", "PARAMS", "1"), (">", "PARAMS", "1"),
        (">", "STDIN", "1"),
    ]  # fmt: skip


def test_the_last_bytes_begin_with_a_record(record):
    """What was sent first is given up, whole records of what came last are left."""
    (file,), httpd = record("die-after-small-records", "3K")
    text = replay(file)
    found = RECORD.findall(text)
    assert found and {match[1] for match in found} == {"STDOUT"}
    assert all(match[0] == "<" and int(match[3]) <= 16 for match in found)
    assert file.stat().st_size < 4096
    content = "".join(re.findall(r'padding \d+  "(.*)"$', text, re.M)).replace("\\n", "\n")
    assert body_for(b"n=1&size=100000").decode().endswith(content)


def test_over_http2(record):
    def ask(port, target):
        with H2Client(port) as client:
            assert client.request("GET", target).status == 502

    lines = load_modules("http2") + "Protocols h2c http/1.1\n"
    (file,), httpd = record("die-before-head", more=lines, ask=ask)
    assert "truncated (head)" in replay(file)


@pytest.mark.parametrize("behaviour", ["answer", "early-close", "overloaded"])
def test_what_does_not_fail_leaves_nothing(record, behaviour):
    files, httpd = record(behaviour)
    assert files == []


def test_one_a_second(record):
    begin = time.monotonic()

    def ask(port, target):
        for _ in range(40):
            assert get(port, target).status == 502

    files, httpd = record("die-before-head", ask=ask)
    # Of at most four children.
    assert 1 <= len(files) <= 4 * (time.monotonic() - begin + 2)


def test_nowhere_to_write(responder, start_httpd, directory):
    """A directory that is gone once httpd has started."""
    flights = directory / "flights"
    flights.mkdir()
    lines = "GatewayFlightRecorder 64K %s\n" % flights
    httpd = start_httpd("event", lines + proxy_pass(responder("die-before-head")))
    flights.rmdir()
    assert get(httpd.port, "/").status == 502
    assert "No such file" in error_line(httpd, "GW1025")


@pytest.mark.parametrize("content", [b"", b"else\n\n", b"gateway-flight 1\n",
                                     b"gateway-flight 1\n\n> 1 99\nshort\n",
                                     b"gateway-flight 1\n\n> 1 -1\nshort\n"])  # fmt: skip
def test_a_file_that_is_none(directory, content):
    (directory / "file").write_bytes(content)
    done = subprocess.run([PROGRAM, "--replay", directory / "file"], capture_output=True)
    assert done.returncode == 26 and b"flight recorder" in done.stderr


@pytest.mark.parametrize("words", ["64K", "1 /tmp", "32M /tmp", "much /tmp", "Off /tmp", ""])
def test_a_bad_line_is_told(directory, words):
    text = complaint_about(directory, "GatewayFlightRecorder " + words)
    assert "GatewayFlightRecorder" in text
