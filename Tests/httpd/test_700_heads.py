# SPDX-License-Identifier: Apache-2.0
"""What an application says of its own answer, on its way through httpd."""

import pytest
from client import Client
from httpd import php_handler

IF_CHANGED = [("If-None-Match", '"page"')]


@pytest.fixture
def httpd(start_httpd, php):
    return start_httpd("event", php_handler(php.address))


def ask(httpd, query, fields=()):
    with Client(httpd.port) as client:
        return client.request("GET", "/head.php" + query, fields)


def test_the_reason_phrase_is_the_applications(httpd):
    response = ask(httpd, "?status=404%20Gone%20fishing")
    assert (response.status, response.phrase) == (404, "Gone fishing")


def test_also_where_httpd_has_it_for_another_status(httpd):
    """It takes a status that it does not know for 500."""
    response = ask(httpd, "?status=299%20Internal%20Server%20Error")
    assert (response.status, response.phrase) == (299, "Internal Server Error")


def test_without_a_phrase_it_is_httpds(httpd):
    assert (ask(httpd, "").status, ask(httpd, "").phrase) == (200, "OK")


def test_a_condition_is_looked_at_by_httpd(httpd):
    assert ask(httpd, "", IF_CHANGED).status == 304
    assert ask(httpd, "", [("If-None-Match", '"other"')]).body == b"the page\n"


def test_unless_the_application_has_done_so(httpd):
    response = ask(httpd, "?status=200%20OK", IF_CHANGED)
    assert response.status == 200 and response.body == b"the page\n"
