# SPDX-License-Identifier: Apache-2.0
"""The interface mistreated: no crash, no hang, no output, and what it refuses it refuses."""

import subprocess

import pytest
from conftest import HERE
from library import LIBRARY
from processes import ROOT

EXPORTS = ROOT / "Tests" / "abi" / "exports.txt"
VALGRIND = ["valgrind", "--quiet", "--error-exitcode=9", "--leak-check=full",
            "--errors-for-leak-kinds=definite", "--show-leak-kinds=definite",
            "--suppressions=%s" % (ROOT / "Tests" / "httpd" / "valgrind.supp")]  # fmt: skip
STAGES = ["opened", "waiting", "writing", "head", "body", "ended", "handle"]


def test_each_function_has_its_case(build):
    listed = subprocess.run([build("arguments"), "--list"], stdout=subprocess.PIPE, text=True)
    assert listed.stdout.split() == EXPORTS.read_text().split()


def test_what_cannot_be_is_refused(run):
    run("arguments", "unix:/nonexistent/gateway")


def test_what_cannot_be_is_refused_without_a_look_elsewhere(run):
    run("arguments", "unix:/nonexistent/gateway", wrapper=VALGRIND)


@pytest.mark.parametrize("child", ["ends", "closes"])
@pytest.mark.parametrize("stage", STAGES)
def test_fork(run, responder, stage, child):
    run("fork_stages", responder("answer"), stage, child)


@pytest.mark.parametrize("disposition", ["ignored", "default", "handled"])
def test_sigpipe(run, responder, disposition):
    addresses = [responder(name) for name in ("early-close", "die-in-head", "die-before-head")]
    run("pipe_signal", disposition, *addresses)


def test_callbacks_that_call(run, responder):
    run("reentry", responder("answer"))


def test_two_gateways(run, responder):
    run("two_gateways", responder("answer"))


@pytest.mark.parametrize("program", ["reentry", "two_gateways"])
def test_nothing_is_lost_or_overrun(run, responder, program):
    run(program, responder("answer"), wrapper=VALGRIND)


def test_loaded_a_hundred_times(run, responder):
    run("reload", LIBRARY, responder("answer"))


@pytest.fixture(scope="session")
def neighbours(tmp_path_factory):
    """Two libraries in Swift: one with the standard library inside, one without."""
    place = tmp_path_factory.mktemp("swift")
    made = {}
    for kind in ("static", "dynamic"):
        made[kind] = place / ("lib%s.so" % kind)
        subprocess.run(
            ["swiftc", "-O", "-parse-as-library", "-emit-library", "-module-name", kind,
             *(["-static-stdlib"] if kind == "static" else []),
             "-o", made[kind], HERE / "neighbour.swift"],
            check=True,
        )  # fmt: skip
    return made


@pytest.mark.parametrize("first", ["", "static", "dynamic", "static dynamic"])
def test_other_swift_in_the_process(run, responder, neighbours, first):
    """Loaded behind ours, or before it and with all of its symbols in sight."""
    preload = ":".join(str(neighbours[name]) for name in first.split())
    files = (neighbours["static"], neighbours["dynamic"])
    run("beside_swift", responder("answer"), *files, wrapper=["env", "LD_PRELOAD=" + preload])
