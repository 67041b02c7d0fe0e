# SPDX-License-Identifier: Apache-2.0
"""A browser in front of what module/serve serves."""

import hashlib
import re
import signal
import subprocess
from pathlib import Path

import pytest
from processes import ROOT, Process, answers, free_port
from selenium import webdriver
from selenium.webdriver.common.by import By

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
    page = browse(directory, serve.address + "path/info?greeting=hello", "--dump-dom")
    assert "<h1>A FastCGI application behind libgateway</h1>" in page
    assert "Served by Perl v5" in page
    assert "<td>QUERY_STRING</td><td>greeting=hello</td>" in page


@pytest.fixture
def browser(directory):
    """Chromium under its driver."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(word)
    options.add_argument("--user-data-dir=%s" % (directory / "profile"))
    service = webdriver.ChromeService("/usr/bin/chromedriver")
    driver = webdriver.Chrome(options, service)
    # For the page that follows a click.
    driver.implicitly_wait(30)
    yield driver
    driver.quit()


def test_a_browser_sends_a_form_and_a_file(start, directory, browser):
    content = bytes(range(256)) * 4000
    file = directory / "fünf & <six>.bin"
    file.write_bytes(content)
    serve = start(Serve)
    browser.get(serve.address)
    browser.find_element(By.NAME, "text").send_keys("grüße & <b>")
    browser.find_element(By.NAME, "file").send_keys(str(file))
    browser.find_element(By.TAG_NAME, "button").click()
    names = ("text", "name", "size", "sum")
    told = {each: browser.find_element(By.ID, each).text for each in names}
    assert told == {
        "text": "grüße & <b>",
        "name": file.name,
        "size": "%d bytes" % len(content),
        "sum": hashlib.sha256(content).hexdigest(),
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1400])
def test_the_page_fits(start, browser, width, scheme):
    serve = start(Serve)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get(serve.address)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    OUTPUT.mkdir(exist_ok=True)
    assert browser.save_screenshot(str(OUTPUT / ("page-%d-%s.png" % (width, scheme))))


def test_an_application_of_ones_own(start, directory):
    program = directory / "own.pl"
    program.write_text(
        "use FCGI; my $r = FCGI::Request();"
        ' while ($r->Accept >= 0) { print "Content-Type: text/plain\\n\\nmine at $ENV{PATH_INFO}" }'
    )
    serve = start(Serve, "--app", "perl %s" % program)
    assert "mine at" in browse(directory, serve.address + "a/b", "--dump-dom")


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
