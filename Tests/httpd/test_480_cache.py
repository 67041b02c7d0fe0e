# SPDX-License-Identifier: Apache-2.0
"""mod_cache in front: what is not whole is never stored."""

import pytest
from behaviours import body_for
from httpd import load_modules, proxy_pass
from weakness import see

QUERY = "n=1&size=200000"

CACHE = (
    load_modules("cache", "cache_disk", "expires") + "CacheRoot %s\nCacheEnable disk /\n"
    'CacheDirLevels 1\nExpiresActive On\nExpiresDefault "access plus 1 hour"\n'
)


@pytest.fixture
def store(directory):
    made = directory / "cache"
    made.mkdir()
    made.chmod(0o777)
    return made


def ask_twice(httpd):
    return [see(httpd.port, body_for(QUERY.encode()), "/?" + QUERY) for _ in range(2)]


def stored(store):
    return [file for file in store.rglob("*.data") if file.stat().st_size]


def test_a_whole_answer_is_stored(start_responder, start_httpd, store):
    application = start_responder("answer")
    httpd = start_httpd("event", CACHE % store + proxy_pass(application.address))
    assert ask_twice(httpd) == ["200, right", "200, right"]
    assert len(application.requests()) == 1 and len(stored(store)) == 1


@pytest.mark.parametrize(
    "behaviour", ["die-after-head", "die-in-body", "die-before-end", "die-in-end", "short-body"]
)
def test_a_cut_answer_is_not(start_responder, serve, observe, store, behaviour):
    application = start_responder(behaviour)
    httpd = serve(CACHE % store + proxy_pass(application.address))
    ask_twice(httpd)
    is_stored = stored(store) or len(application.requests()) < 2
    observe("mod_cache: %s" % behaviour, "stored" if is_stored else "not stored", "not stored")
