# SPDX-License-Identifier: Apache-2.0
"""The library by dlopen alone, with real php-fpm and with applications that play by the rules."""

import hashlib

import pytest
from behaviours import body_for
from library import run_host
from processes import SITE

PAGE = SITE / "page.php"
WAYS = ["bytes", "callback", "written"]


def test_a_page_of_php(php):
    query = ("--param", "QUERY_STRING=a=40&b=2")
    report = run_host(php.address, "--script", PAGE, *query, "--expect-in-body", "\nsum 42\n")
    assert report.one("status") == "200"
    assert report.one("first").startswith("page of fpm-fcgi.sum 42.method GET")
    assert [f for f in report.lines["field"] if f.startswith("Set-Cookie")] == [
        "Set-Cookie: first=1",
        "Set-Cookie: second=2",
    ]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("size", [1, 65528, 65536, 5_000_000])
def test_php_gets_every_byte_of_a_body(php, way, size):
    body = bytes(ord("a") + i % 23 for i in range(size))
    line = "body %d %s" % (size, hashlib.sha256(body).hexdigest())
    run_host(
        php.address, "--script", PAGE, "--body-size", size, "--body-by", way,
        "--param", "CONTENT_TYPE=application/octet-stream", "--expect-in-body", line,
    )  # fmt: skip


def test_php_gets_a_body_from_a_file(php, directory):
    body = directory / "body"
    body.write_bytes(b"0123456789" * 30000)
    line = "body 300000 %s" % hashlib.sha256(body.read_bytes()).hexdigest()
    options = ("--body-file", body, "--body-by", "descriptor", "--expect-in-body", line)
    run_host(php.address, "--script", PAGE, *options)


def test_a_script_that_is_not_there(php):
    report = run_host(php.address, "--script", "/nowhere.php", "--expect-status", 404)
    assert report.one("head") == "404"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("transport", ["unix", "tcp"])
def test_duplex(responder, way, transport):
    """An application that echoes as it reads blocks any gateway that writes before it reads."""
    address = responder("echo", transport)
    run_host(address, "--body-size", 20_000_000, "--body-by", way, "--expect-echo")


@pytest.mark.parametrize("transport", ["unix", "tcp"])
@pytest.mark.parametrize("options", [[], ["--supplied"], ["--exchange"], ["--keep"]], ids=str)
def test_many_threads_each_get_their_own_answer(responder, transport, options):
    report = run_host(
        responder("answer", transport), *options, "--count", 2000, "--threads", 16,
        "--param", "QUERY_STRING=n=%n", "--expect-body", "answer to n=%n",
    )  # fmt: skip
    assert report.outcomes == {"complete": 2000}


def test_params_arrive_as_they_were_given(responder, directory):
    long_name, long_value = "N" * 200, "v" * 4000
    output = directory / "body"
    run_host(
        responder("show-params"), "--output", output,
        "--param", "EMPTY=", "--param", "EQUALS=a=b", "--param", "%s=%s" % (long_name, long_value),
    )  # fmt: skip
    expected = ["EMPTY=", "EQUALS=a=b", "%s=%s" % (long_name, long_value), "REQUEST_METHOD=GET"]
    assert output.read_text().splitlines() == expected


def test_error_text_reaches_the_host_apart_from_the_body(responder):
    options = ("--param", "QUERY_STRING=q", "--expect-body", "answer to q")
    report = run_host(responder("error-text"), *options)
    assert report.one("stderr") == "first complaint"
    assert "second complaint" in report.text


@pytest.mark.parametrize("behaviour", ["drip", "unknown-records", "early-answer", "close-after"])
def test_odd_but_allowed(responder, behaviour):
    options = ("--param", "QUERY_STRING=q", "--expect-body", "answer to q")
    run_host(responder(behaviour), *options)


def test_an_answer_far_larger_than_any_buffer(responder, directory):
    output = directory / "body"
    query = "n=1&size=50000000"
    run_host(responder("answer"), "--param", "QUERY_STRING=" + query, "--output", output)
    assert output.read_bytes() == body_for(query.encode())
