# SPDX-License-Identifier: Apache-2.0
"""A browser in front of what module/serve serves."""

import re
import signal
import subprocess
from pathlib import Path

import pytest
from processes import ROOT, Process, answers, free_port

OUTPUT = ROOT / ".test-output"


class Serve(Process):
    """module/serve as a user runs it, with the library that is there."""

    def __init__(self, directory, *options):
        self.port = free_port()
        command = ["module/serve", "--prebuilt", "--port", self.port, *options]
        super().__init__(command, directory / "serve.log", cwd=ROOT)
        self.wait_until(lambda: answers("tcp:127.0.0.1:%d" % self.port), "module/serve")
        self.wait_until(lambda: "logs in" in self.read_log(), "module/serve")
        self.address = "http://127.0.0.1:%d/" % self.port


def browse(directory, address, *options):
    command = [
        "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--user-data-dir=%s" % (directory / "profile"), "--virtual-time-budget=5000",
        *options, address,
    ]  # fmt: skip
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_browser_sees_the_page(start, directory):
    serve = start(Serve)
    page = browse(directory, serve.address + "?greeting=hello", "--dump-dom")
    assert "<h1>A FastCGI application behind libgateway</h1>" in page
    assert "Served by PHP 8" in page
    assert "<td>QUERY_STRING</td><td>greeting=hello" in page
    picture = OUTPUT / "page.png"
    OUTPUT.mkdir(exist_ok=True)
    picture.unlink(missing_ok=True)
    browse(directory, serve.address, "--screenshot=%s" % picture, "--window-size=900,900")
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("mpm", ["prefork", "worker", "event"])
def test_a_browser_sees_pages_of_ones_own(start, directory, mpm):
    site = ROOT / "Tests" / "httpd" / "site"
    serve = start(Serve, "--mpm", mpm, "--php", site)
    page = browse(directory, serve.address + "page.php?a=40&b=2", "--dump-dom")
    assert "page of fpm-fcgi\nsum 42\nmethod GET\n" in page


@pytest.mark.parametrize("mpm", ["prefork", "worker", "event"])
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM], ids=["interrupt", "terminate"])
def test_its_end_is_the_end_of_all(start, mpm, end):
    serve = start(Serve, "--mpm", mpm)
    (run,) = re.findall(r"logs in (/[^)]+)\)", serve.read_log())
    assert Path(run).is_dir()
    serve.popen.send_signal(end)
    assert serve.popen.wait(20) == 0
    assert not answers("tcp:127.0.0.1:%d" % serve.port)
    assert serve.session() == []
    assert not Path(run).exists()
