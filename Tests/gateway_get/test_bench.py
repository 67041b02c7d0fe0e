# SPDX-License-Identifier: Apache-2.0
"""--bench: its counts are those of the application, its figures fit together."""

import re
import signal
import subprocess

import pytest

from conftest import PROGRAM


def report(done):
    return dict(line.split(": ", 1) for line in done.stdout.decode().splitlines())


def milliseconds(text):
    return [float(number) for number in re.findall(r"(?:least|mean|%|most) ([\d.]+)", text)]


@pytest.mark.parametrize("concurrency", [1, 2, 16])
@pytest.mark.parametrize("keeps", [False, True])
def test_every_request_is_counted(get, responder, concurrency, keeps):
    options = ["--keep-connection"] if keeps else []
    done = get(responder("answer"), "--bench", 300, "-c", concurrency, *options)
    assert done.returncode == 0 and done.stderr == b""
    told = report(done)
    assert re.fullmatch(
        r"300 in [\d.]+ ms, [\d.]+ per second, %d at once" % concurrency, told["requests"]
    )
    assert told["outcomes"] == "complete 300" and told["statuses"] == "200 300"
    least, mean, *ranks, most = milliseconds(told["latency in ms"])
    assert len(ranks) == 4 and ranks == sorted(ranks)
    assert least <= ranks[0] <= ranks[-1] == most and least <= mean <= most
    reused = int(told["connections"].split()[0])
    assert 300 - concurrency <= reused < 300 if keeps else reused == 0


def test_a_body_is_sent_each_time(get, responder):
    done = get(responder("echo"), "--bench", 20, "-c", 4, "-d", "x" * 70_000)
    assert report(done)["outcomes"] == "complete 20"
    sent, received = map(int, re.findall(r"\d+", report(done)["bytes"]))
    assert sent > 20 * 70_000 and received > 20 * 70_000


def test_failures_are_counted_and_told(get, responder):
    done = get(responder("die-before-head"), "--bench", 10, "-c", 3)
    assert done.returncode == 18
    assert report(done)["outcomes"] == "truncated 10"
    assert report(done)["latency in ms"] == "none"
    assert done.stderr.count(b"gateway-get: truncated (head)") == 1


def test_no_answers_are_shown(get, responder):
    done = get(responder("answer"), "--bench", 10, "--repeat", 2)
    assert done.returncode == 64 and b"--bench shows no answers" in done.stderr


def test_progress_and_an_interruption(responder):
    command = [PROGRAM, "--bench", "5", responder("hang"), "/srv/index.php"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr.readline() == b"* 0 of 5 in 1 s, 0 failed\n"
        process.send_signal(signal.SIGINT)
        output, error = process.communicate(timeout=60)
    assert process.returncode == 130 and b"interrupted" in error
    assert output.startswith(b"requests: 0 in ")
