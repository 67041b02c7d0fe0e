# SPDX-License-Identifier: Apache-2.0
"""A browser in front of what module/serve serves."""

import hashlib
import signal
import subprocess

import pytest
from browsing import check_fit, start_browser
from processes import SITE, answers
from selenium.webdriver.common.by import By
from serve import Serve


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
    driver = start_browser(directory)
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
    check_fit(browser, serve.address, width, scheme, "page")


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
    serve = start(Serve, "--mpm", mpm, "--php", SITE)
    page = browse(directory, serve.address + "page.php?a=40&b=2", "--dump-dom")
    assert "page of fpm-fcgi\nsum 42\nmethod GET\n" in page


@pytest.mark.parametrize("mpm", ["prefork", "worker", "event"])
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM], ids=["interrupt", "terminate"])
def test_its_end_is_the_end_of_all(start, mpm, end):
    serve = start(Serve, "--mpm", mpm)
    assert serve.run.is_dir()
    serve.popen.send_signal(end)
    assert serve.popen.wait(20) == 0
    assert not answers("tcp:127.0.0.1:%d" % serve.port)
    assert serve.session() == []
    assert not serve.run.exists()
