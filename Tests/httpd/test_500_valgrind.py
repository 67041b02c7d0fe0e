# SPDX-License-Identifier: Apache-2.0
"""The library in a C host under valgrind: no invalid access, nothing lost."""

import pytest
from library import run_host
from processes import ROOT

VALGRIND = [
    "valgrind",
    "--quiet",
    "--error-exitcode=9",
    "--leak-check=full",
    "--errors-for-leak-kinds=definite",
    "--show-leak-kinds=definite",
    "--suppressions=%s" % (ROOT / "Tests" / "httpd" / "valgrind.supp"),
]


@pytest.mark.parametrize("options", [[], ["--keep"], ["--supplied", "--exchange"]], ids=str)
def test_many_gets(responder, options):
    run_host(
        responder("answer"), *options, "--count", 50,
        "--param", "QUERY_STRING=n=%n", "--expect-body", "answer to n=%n", wrapper=VALGRIND,
    )  # fmt: skip


@pytest.mark.parametrize("way", ["bytes", "callback", "written"])
def test_bodies_both_ways(responder, way):
    options = ("--count", 3, "--body-size", 300_000, "--body-by", way, "--expect-echo")
    run_host(responder("echo"), *options, wrapper=VALGRIND)


@pytest.mark.parametrize("behaviour", ["die-in-head", "die-in-body", "wrong-id", "early-close"])
def test_bad_endings(responder, behaviour):
    outcomes = {"wrong-id": "protocol-error", "early-close": "complete"}
    expected = outcomes.get(behaviour, "truncated")
    options = ("--count", 3, "--body-size", 100_000, "--expect", expected)
    run_host(responder(behaviour), *options, wrapper=VALGRIND)
