# SPDX-License-Identifier: Apache-2.0
"""httpd takes the lines of every example, and serves php-fpm's pages by those that are for it."""

import json

import pytest
from client import get, post
from documents import OPERATORS, README, block, blocks
from httpd import php_handler

BLOCKS = [each for path in (README, OPERATORS) for each in blocks(path, "apache")]
# Heading, what is asked for.
SERVED = [
    ("A PHP site", "/page.php?a=42"),
    ("A PHP site", "/params.php/some/path"),
    ("A PHP site", "/no/such/page"),
    ("Parameters of workers", "/page.php?a=42"),
    ("Environment", "/page.php?a=42"),
    ("Environment", "/params.php/some/path"),
    ("Tuning php-fpm", "/page.php?a=42"),
]


@pytest.mark.parametrize("number", range(len(BLOCKS)), ids=[each.name for each in BLOCKS])
def test_httpd_takes_it(examples, number):
    assert examples.fault(BLOCKS[number].text) is None


def test_what_is_wrong_shows(examples):
    assert "GatewayCapacity" in examples.fault("GatewayCapacity nowhere 5\n")


@pytest.mark.parametrize("heading, target", SERVED)
def test_it_serves(examples, heading, target):
    text = block(OPERATORS, "apache", heading)
    # There is no index.php in the pages of the tests.
    page = get(examples.serve(text.replace("/index.php", "/params.php")), target)
    assert page.status == 200 and page.whole
    if target.startswith("/page"):
        assert page.body.startswith(b"page of fpm-fcgi\nsum 42\n")
    if target.endswith("some/path"):
        assert json.loads(page.body)["PATH_INFO"] == "/some/path"
    examples.stop()
    assert (examples.directory / "outcomes").read_text() == "complete\n"


def test_requests_that_are_too_large(examples, php):
    lines = block(OPERATORS, "apache", "Size of requests").replace("67108864", "1000")
    port = examples.serve(lines + php_handler(php.address))
    assert post(port, "/page.php", bytes(1000)).status == 200
    assert post(port, "/page.php", bytes(1001)).status == 413
