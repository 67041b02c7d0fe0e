# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a setting is said in one line, before anything is started."""

import subprocess

import pytest
from supervised import HOST, SUPERVISOR

WRONG = {
    "name": (["--name", "a_b"], 'the name "a_b" is not of letters, digits and hyphens'),
    "range": (["--processes", "8-2"], "processes: 8 is more than 2"),
    "number": (["--processes", "many"], 'processes: "many" is not a number'),
    "too many": (["--processes", "65"], "processes: 65 is not from 1 to 64"),
    "size": (["--max-memory", "2X"], 'max-memory: "2X" is not a size'),
    "time": (["--lifetime", "5w"], 'lifetime: "5w" is not a time'),
    "no time": (["--request-timeout", "0"], 'request-timeout: "0" is no time'),
    "measure": (["--memory", "virtual"], 'memory: "virtual" is neither'),
    "mask": (["--umask", "999"], 'umask: "999" is not a mask'),
    "limit": (["--limit", "noses=2"], 'limit:noses: there is no limit "noses"'),
    "unknown": (["--set", "speed=9"], 'there is no setting "speed"'),
    "no value": (["--set", "queue"], '"queue" is not a setting'),
    "user": (["--client", "nobody-knows"], 'there is no user "nobody-knows"'),
    "claims": (["--listen", "unix:/tmp/x", "--max-requests", "5"], "--max-requests needs claims"),
}


def run(*words):
    return subprocess.run(
        [str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL, text=True, timeout=30,
    )  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_is_refused(case, directory):
    options, message = WRONG[case]
    name = [] if case == "name" else ["--name", "wiki"]
    ended = run(SUPERVISOR, *name, "--runtime-dir", directory, *options, "--", "true")
    assert ended.returncode != 0
    assert message in " ".join(ended.stdout.split()), ended.stdout


def test_a_command_is_needed(directory):
    ended = run(SUPERVISOR, "--name", "wiki", "--runtime-dir", directory)
    assert ended.returncode != 0
    assert "there is no command" in ended.stdout


@pytest.mark.parametrize("words", [["status"], ["reload"], ["stop"]], ids=lambda words: words[0])
def test_nobody_to_ask(words, directory):
    ended = run(SUPERVISOR, *words, "--runtime-dir", directory, "wiki")
    assert ended.returncode == 1
    assert 'the supervisor of "wiki" does not answer: No such file' in ended.stdout


def test_the_library_says_the_same(directory):
    ended = subprocess.run(
        [HOST, "--directory", directory, "wiki", "queue=-1", "--", "true"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={"LD_LIBRARY_PATH": str(HOST.parent)},
    )  # fmt: skip
    assert ended.returncode == 2
    assert 'application wiki: queue: -1 is not from 0 to 1024' in ended.stdout
