# SPDX-License-Identifier: Apache-2.0
"""Graceful restarts under load, a static file under the same ones beside it."""

import os
import time

import pytest
from client import get
from httpd import proxy_pass
from load import Load
from long_form import IS_LONG
from processes import SITE

FILE = SITE / "page.php"
RESTARTS, CLIENTS, PAUSE = (30, 32, 1) if IS_LONG else (3, 8, 0.1)


def descriptors(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


def more_than(load, count):
    return lambda: load.tally.total() >= count


@pytest.mark.parametrize("parameters", ["", "enablereuse=on"], ids=["closed", "kept"])
@pytest.mark.parametrize("mpm", ["prefork", "worker", "event"])
def test_nothing_is_lost(start_responder, start_httpd, mpm, parameters):
    application = start_responder("answer")
    static = FILE.read_bytes()
    httpd = start_httpd(mpm, 'ProxyPass "/page.php" "!"\n'
                        + proxy_pass(application.address, "/", parameters))  # fmt: skip
    assert get(httpd.port, "/?n=1").status == 200
    httpd.graceful()
    before = descriptors(httpd.pid)
    loads = [
        Load(httpd.port, clients=CLIENTS // 2),
        Load(httpd.port, "/page.php", lambda _: static, clients=CLIENTS // 2),
    ]
    try:
        for _ in range(RESTARTS):
            for load in loads:
                httpd.wait_until(more_than(load, load.tally.total() + 20), "httpd under load")
            time.sleep(PAUSE)
            httpd.graceful()
    finally:
        proxied, plain = (load.stop() for load in loads)
    assert set(proxied) == set(plain) == {"ok"}, (proxied, plain)
    assert descriptors(httpd.pid) == before
    log = httpd.read_log()
    assert "exit signal" not in log and "AH00052" not in log
