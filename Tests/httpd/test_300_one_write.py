# SPDX-License-Identifier: Apache-2.0
"""The whole of a small request leaves in one writev: seen from outside, with strace."""

import fastcgi
import pytest
import system_calls
from client import get, post
from fastcgi import decode_pairs
from httpd import proxy_pass
from library import run_host


def only_writev(prefix, address):
    """The records of the one call that sent anything; it must be a writev."""
    (calls,) = system_calls.sends_to(prefix, address)
    assert [call.name for call in calls] == ["writev"]
    return system_calls.records_of(calls[0])


def check_records(records, body):
    names = [name for name, _ in records]
    params = b"".join(content for name, content in records if name == "PARAMS")
    stdin = b"".join(content for name, content in records if name == "STDIN")
    assert names[0] == "BEGIN_REQUEST"
    assert names == sorted(names, key=["BEGIN_REQUEST", "PARAMS", "STDIN"].index)
    assert [content for name, content in records if name == "PARAMS"][-1] == b""
    assert records[-1] == ("STDIN", b"")
    assert stdin == body
    return dict(decode_pairs(params))


def test_get_by_the_library(responder, directory):
    address = responder("early-close")
    options = ("--param", "QUERY_STRING=n=1", "--expect-body", "answer to n=1")
    run_host(address, *options, wrapper=system_calls.wrapper(directory / "trace"))
    params = check_records(only_writev(directory / "trace", address), b"")
    assert params[b"QUERY_STRING"] == b"n=1"


@pytest.mark.parametrize("way", ["bytes", "written"])
def test_post_by_the_library(responder, directory, way):
    address = responder("answer")
    options = ("--body-size", 3000, "--body-by", way)
    run_host(address, *options, wrapper=system_calls.wrapper(directory / "trace"))
    params = check_records(
        only_writev(directory / "trace", address), bytes(ord("a") + i % 23 for i in range(3000))
    )
    assert params[b"CONTENT_LENGTH"] == b"3000"


def test_without_the_flag_it_is_one_sendmsg(responder, directory):
    address = responder("early-close")
    run_host(address, "--sigpipe-default", wrapper=system_calls.wrapper(directory / "trace"))
    (calls,) = system_calls.sends_to(directory / "trace", address)
    assert [call.name for call in calls] == ["sendmsg"]
    check_records(system_calls.records_of(calls[0]), b"")


@pytest.fixture
def traced_httpd(start_httpd, responder, directory):
    """httpd in one traced process, and the address of its application."""

    def start(behaviour):
        address = responder(behaviour)
        wrapper = system_calls.wrapper(directory / "trace")
        options = {"wrapper": wrapper, "arguments": ("-X",)}
        return start_httpd("worker", proxy_pass(address), **options), address

    return start


def test_get_by_httpd(traced_httpd, directory):
    httpd, address = traced_httpd("early-close")
    assert get(httpd.port, "/?n=1").body == b"answer to n=1\n"
    httpd.stop()
    params = check_records(only_writev(directory / "trace", address), b"")
    assert params[b"QUERY_STRING"] == b"n=1"


def test_post_by_httpd(traced_httpd, directory):
    httpd, address = traced_httpd("answer")
    body = b"field=value&" * 100
    assert post(httpd.port, "/?n=1", body).status == 200
    httpd.stop()
    params = check_records(only_writev(directory / "trace", address), body)
    assert params[b"CONTENT_LENGTH"] == b"1200"


def test_the_end_of_a_body_leaves_with_its_last_bytes(traced_httpd, directory):
    httpd, address = traced_httpd("answer")
    # As much as is gathered before it is sent, and once more.
    assert post(httpd.port, "/", bytes(2 * 65536)).status == 200
    httpd.stop()
    (calls,) = system_calls.sends_to(directory / "trace", address)
    assert len(calls[-1].content) > len(fastcgi.stream(fastcgi.STDIN, 1, b""))
