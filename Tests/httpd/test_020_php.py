# SPDX-License-Identifier: Apache-2.0
"""httpd with the module in place of mod_proxy_fcgi, in front of real php-fpm."""

import hashlib

import pytest
from client import Client, get, post
from httpd import php_handler

MPMS = ["prefork", "worker", "event"]


@pytest.fixture(params=MPMS)
def httpd(request, start_httpd, php):
    return start_httpd(request.param, php_handler(php.address))


def test_a_page(httpd):
    response = get(httpd.port, "/page.php?a=40&b=2")
    assert response.status == 200 and response.whole
    assert response.body.startswith(b"page of fpm-fcgi\nsum 42\nmethod GET\n")
    cookies = [value for name, value in response.fields if name == "Set-Cookie"]
    assert cookies == ["first=1", "second=2"]


@pytest.mark.parametrize("size", [1, 16384, 65536, 5_000_000])
def test_a_body_reaches_the_page_whole(httpd, size):
    body = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    response = post(httpd.port, "/page.php", body)
    assert response.status == 200
    line = b"body %d %s" % (size, hashlib.sha256(body).hexdigest().encode())
    assert line in response.body.splitlines()


def test_head_has_no_body(httpd):
    with Client(httpd.port) as client:
        response = client.request("HEAD", "/page.php")
        assert response.status == 200 and response.body == b""
        assert client.request("GET", "/page.php").body.startswith(b"page of fpm-fcgi\n")


def test_a_script_that_is_not_there(httpd):
    assert get(httpd.port, "/nowhere.php").status == 404
