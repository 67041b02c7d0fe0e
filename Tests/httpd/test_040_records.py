# SPDX-License-Identifier: Apache-2.0
"""The two module records, alone, together and beside the stock module."""

import pytest
from client import get
from httpd import OURS, STOCK, php_handler, proxy_pass

AS_PROXY_FCGI = "LoadModule proxy_fcgi_module %s\n" % OURS
AS_GATEWAY = "LoadModule gateway_module %s\n" % OURS
STOCK_LINE = "LoadModule proxy_fcgi_module %s\n" % STOCK

ORDERS = {
    "proxy_fcgi": AS_PROXY_FCGI,
    "gateway": AS_GATEWAY,
    "proxy_fcgi, gateway": AS_PROXY_FCGI + AS_GATEWAY,
    "gateway, proxy_fcgi": AS_GATEWAY + AS_PROXY_FCGI,
}

# <IfModule> asks for the record's symbol or for its name.
NAMES = ["proxy_fcgi_module", "mod_proxy_fcgi.c", "gateway_module", "mod_gateway.c"]


@pytest.mark.parametrize("mpm", ["prefork", "worker", "event"])
@pytest.mark.parametrize("order", ORDERS)
def test_each_order_is_the_whole_module(start_httpd, start_responder, order, mpm):
    """Served once, by one, also after restarts; GatewayStderrLevel is a directive of either."""
    application = start_responder("error-text")
    lines = "GatewayStderrLevel warn\nLogLevel %s:warn\n" % order.split(",")[0]
    httpd = start_httpd(mpm, lines + proxy_pass(application.address), loads=ORDERS[order])
    for n in range(3):
        assert get(httpd.port, "/?n=%d" % n).status == 200
        httpd.graceful()
    assert application.requests() == ["GET n=0", "GET n=1", "GET n=2"]
    assert httpd.read_log().count(":warn]") == httpd.read_log().count("Got error") == 6


@pytest.mark.parametrize("order", ORDERS)
def test_conditions_on_modules(start_httpd, php, order):
    for name in NAMES:
        lines = "<IfModule %s>\n%s</IfModule>\n" % (name, php_handler(php.address))
        httpd = start_httpd("event", lines, loads=ORDERS[order])
        page = get(httpd.port, "/page.php").body
        is_there = name.replace("mod_", "").replace(".c", "").replace("_module", "") in order
        assert page.startswith(b"page of" if is_there else b"<?php"), name
        httpd.stop()


@pytest.mark.parametrize("loads", [STOCK_LINE + AS_GATEWAY, AS_GATEWAY + STOCK_LINE],
                         ids=["stock, gateway", "gateway, stock"])  # fmt: skip
def test_beside_the_stock_module(start_httpd, loads):
    with pytest.raises(AssertionError) as failure:
        start_httpd("event", "", loads=loads)
    text = str(failure.value)
    assert "GW1001" in text
    assert 'remove the line "%s"' % STOCK_LINE.strip() in text


@pytest.mark.parametrize("loads, status", [(AS_PROXY_FCGI + STOCK_LINE, 502),
                                           (STOCK_LINE + AS_PROXY_FCGI, 200)],
                         ids=["ours first", "stock first"])  # fmt: skip
def test_two_lines_for_one_record(start_httpd, responder, loads, status):
    """To httpd it is one line: the first file counts, which the application's fault shows."""
    httpd = start_httpd("event", proxy_pass(responder("no-head")), loads=loads)
    assert get(httpd.port, "/?n=1").status == status
    assert "AH01574" in httpd.read_log()
