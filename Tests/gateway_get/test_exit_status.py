# SPDX-License-Identifier: Apache-2.0
"""Each way to end has an exit status of its own, and one line that names the stage."""

import os
import signal
import subprocess

import pytest

from conftest import PROGRAM

OUTCOMES = [
    ("die-before-head", 18, "truncated (head)"),
    ("die-in-body", 18, "truncated (body)"),
    ("bad-version", 8, "protocol error (head)"),
    ("overloaded", 75, "overloaded (head)"),
    ("hang", 28, "timed out (head) after 0.2 s"),
]


@pytest.mark.parametrize("records", [[], ["--records"]], ids=["direct", "records"])
@pytest.mark.parametrize("behaviour,status,words", OUTCOMES)
def test_outcome(get, responder, behaviour, status, words, records):
    address = responder(behaviour)
    done = get(address, "--head-timeout", "0.2", *records)
    last = done.stderr.decode().splitlines()[-1]
    assert done.returncode == status, last
    assert last.startswith("gateway-get: " + words)
    assert last.endswith("[%s]" % address)
    assert last.count("(") == last.count(" [") == 1, "stage and address are told once"


@pytest.mark.parametrize("records", [[], ["--records"]], ids=["direct", "records"])
def test_nobody_listens(get, tmp_path, records):
    done = get("unix:%s" % (tmp_path / "none"), *records)
    assert done.returncode == 7
    assert done.stderr.startswith(b"gateway-get: connect failed (connect) after ")
    assert b"No such file" in done.stderr


@pytest.mark.parametrize("records", [[], ["--records"]], ids=["direct", "records"])
def test_no_address(get, records):
    done = get("nothing", *records)
    assert (done.returncode, done.stderr.count(b"\n")) == (3, 1)


def test_complete(get, responder):
    done = get(responder("answer"), "-q", "a=1")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"answer to a=1\n", b"")


def test_status_counts_only_with_fail(get, php):
    query = ["-q", "case=status&code=404"]
    assert get(php.address, *query, script="/nowhere.php").returncode == 0
    assert get(php.address, *query, "--fail", script="/nowhere.php").returncode == 22


def test_params_beyond_the_limit(get, responder):
    large = ["--env", "A=" + "x" * 100000] + ["--env=%d=%s" % (n, "y" * 100000) for n in range(11)]
    assert get(responder("answer"), *large).returncode == 43


@pytest.mark.parametrize("wrong", [["--nonsense"], ["--env", "K"], ["-H", "x"], ["--repeat", "0"]])
def test_usage(get, wrong):
    assert get("unix:/x", *wrong).returncode == 64


def test_body_that_is_not_there(get, tmp_path):
    done = get("unix:/x", "-d", "@%s" % (tmp_path / "none"))
    assert (done.returncode, done.stderr.count(b"\n")) == (26, 1)


def test_nobody_reads_standard_output(responder):
    command = [str(PROGRAM), responder("answer"), "/x", "-q", "size=1000000"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 23


def test_output_file_cannot_be_made(get, tmp_path):
    assert get("unix:/x", "-o", tmp_path / "no" / "file").returncode == 23


def test_interrupted(responder):
    """SIGINT, sent when the request is known to have arrived, ends the exchange."""
    command = [str(PROGRAM), responder("hang"), "/x", "--records"]
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    for line in process.stderr:
        if b"STDIN" in line:
            break
    os.kill(process.pid, signal.SIGINT)
    rest = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 130
    assert rest.endswith(b"gateway-get: interrupted\n")
