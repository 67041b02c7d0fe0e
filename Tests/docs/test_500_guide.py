# SPDX-License-Identifier: Apache-2.0
"""The programs of the guide: each compiles as it stands there, and does what the text says."""

import hashlib
import re
import subprocess

import pytest
from documents import GUIDE, blocks
from library import LIBRARY
from processes import ROOT, SITE

HERE = ROOT / "Tests" / "docs"
PAGE = SITE / "page.php"
PROGRAMS = [each.name for each in blocks(GUIDE, "c")]
FLAGS = ["-pedantic-errors", "-Wall", "-Wextra", "-Werror", "-I%s" % (ROOT / "include")]


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """A directory with the programs."""
    made = tmp_path_factory.mktemp("guide")
    for name in ("libgateway.so", "libgateway.so.0"):
        (made / name).symlink_to(LIBRARY)
    for each in blocks(GUIDE, "c"):
        (made / each.name).write_text(each.text)
        # The functions of POSIX beside those of C.
        command = ["cc", "-std=c99", "-D_POSIX_C_SOURCE=200809L", *FLAGS, each.name,
                   "-o", each.name[:-2], "-L.", "-lgateway", "-Wl,-rpath,$ORIGIN", "-pthread",
                   "-ldl"]  # fmt: skip
        subprocess.run(command, cwd=made, check=True)
    return made


@pytest.fixture
def run(programs):
    def run(name, *arguments, text=""):
        return subprocess.run(
            [programs / name, *arguments], text=True, input=text,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
        )  # fmt: skip

    return run


@pytest.fixture
def nowhere(directory):
    return "unix:%s" % (directory / "no.sock")


def test_each_program_has_a_test():
    tests = [name[len("test_"):] + ".c" for name in globals() if name.startswith("test_")]
    assert len(PROGRAMS) == 9 and set(PROGRAMS) <= set(tests)


def test_each_name_is_in_the_header():
    header = (ROOT / "include" / "gateway.h").read_text()
    named = set(re.findall(r"\b(?:gateway|GATEWAY)_\w+", GUIDE.read_text()))
    assert len(named) > 50
    assert named <= set(re.findall(r"\w+", header)), named


def test_page(run, php):
    done = run("page", php.address, SITE, "/page.php?a=42")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("HTTP/1.1 200\n")
    assert "\nset-cookie: first=1\n" in done.stdout.lower()
    assert "\n\npage of fpm-fcgi\nsum 42\nmethod POST\nbody 9 " in done.stdout


def test_page_says_what_went_wrong(run, nowhere):
    done = run("page", nowhere, SITE, "/page.php")
    assert done.returncode == 1
    assert "connect-failed" in done.stderr and done.stdout == ""


def test_upload(run, php):
    text = "0123456789abcdef" * 20000
    done = run("upload", php.address, PAGE, str(len(text)), text=text)
    assert done.returncode == 0, done.stderr
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert "\nmethod POST\nbody %d %s\n" % (len(text), digest) in done.stdout


def test_supplied(run, php):
    path = php.address.partition(":")[2]
    done = run("supplied", path, PAGE)
    assert done.stdout == "complete\n" * 3 + "1 connections\n"


def test_loop(run, php):
    missing = SITE / "missing.php"
    done = run("loop", php.address, PAGE, PAGE, PAGE, missing, PAGE)
    assert done.returncode == 0, done.stderr
    lines = sorted(done.stdout.splitlines())
    assert len(lines) == 5
    assert len({line for line in lines if line.startswith("complete 200 ")}) == 1
    assert lines[-1].startswith("complete 404 ")


def test_plugin(run):
    assert run("plugin", LIBRARY).stdout.startswith("libgateway 0.")
    done = run("plugin", "/no/such/libgateway.so.0")
    assert done.returncode == 1 and done.stderr.startswith("no libgateway: ")
    done = run("plugin", "libc.so.6")
    assert done.stderr == "no libgateway: another version of the interface\n"


def test_children(run, php):
    done = run("children", php.address, PAGE)
    assert (done.returncode, done.stdout) == (0, "40 complete, 0 children failed\n")


def test_supervised(run, directory):
    program = HERE / "site" / "show.fcgi"
    done = run("supervised", directory / "run", program)
    assert done.stdout == "complete 200\nGATEWAY_OK\ncomplete 200\n", done.stderr


def test_threads(run, php):
    done = run("threads", php.address, PAGE)
    assert (done.returncode, done.stdout) == (0, "80 whole, at most 2 connections: yes\n")


def test_answer(run, php, nowhere):
    assert run("answer", php.address, PAGE).stdout == ""
    done = run("answer", nowhere, PAGE)
    assert done.stdout == "HTTP/1.1 503\n" + "Content-Length: 0\n\n"
    assert done.stderr.startswith("connect-failed (connect): ")
    done = run("answer", "no address", PAGE)
    assert done.returncode == 1
    assert "<3>GW0001" in done.stderr and "GATEWAY_ERR_ADDRESS" in done.stderr
