# SPDX-License-Identifier: Apache-2.0
"""Whole sites, before and after they have moved here: each request is answered alike."""

from urllib.parse import urlsplit

import pytest
from client import Client
from sites import Moved, Request, read_sites, shown

SITES = list(read_sites())
LOGIN = ("Authorization", "Basic bWU6Zm9v")


@pytest.fixture
def moved(directory, php):
    made = []

    def move(site):
        made.append(Moved(site, directory, php))
        return made[-1]

    yield move
    for each in made:
        each.stop()


def ask(port, request):
    body = b"" if request.method == "GET" else b"some text"
    with Client(port) as client:
        client.send(request.method, request.target, [LOGIN], body)
        return client.receive(request.method)


def location(page):
    """The path that a redirect leads to."""
    fields = {name.lower(): value for name, value in page.fields}
    return urlsplit(fields.get("location", "")).path


def check(page, request):
    assert page is not None and page.status == request.status, request
    if request.script:
        told = shown(page)
        assert Request(told["REQUEST_METHOD"], told["REQUEST_URI"], page.status,
                       told["SCRIPT_NAME"], told["PATH_INFO"], told["QUERY_STRING"]) == request
        assert told["body"] == ("" if request.method == "GET" else "some text")
    elif request.status == 200:
        assert page.body == b"a file\n"


def compared(site, page):
    told = shown(page)
    # nginx takes the name from the field, whether or not anybody has checked it.
    if site.origin == "from_nginx":
        del told["REMOTE_USER"]
    return told


def test_three_of_each():
    origins = [site.origin for site in SITES]
    assert len(set(origins)) == 3 and all(origins.count(origin) == 3 for origin in origins)


@pytest.mark.parametrize("site", SITES, ids=["%s, %s" % (s.origin, s.name) for s in SITES])
def test_it_serves_its_pages_as_before(moved, site):
    move = moved(site)
    before, after = move.before(), move.after()
    for request in site.requests:
        was, now = ask(before, request), ask(after, request)
        check(now, request)
        check(was, request)
        assert location(now) == location(was)
        if request.script:
            assert compared(site, now) == compared(site, was), request
