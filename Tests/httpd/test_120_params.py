# SPDX-License-Identifier: Apache-2.0
"""What applications are sent under each documented configuration: ours as stock, to the byte."""

import re
import shutil

import pytest
from client import Client
from configurations import CONFIGURATIONS, FIELDS, LOADS, TARGETS
from httpd import ONE_PROCESS, OURS, STOCK
from processes import PHP, SITE, Responder

PAGE = SITE / "params.php"

# What differs from request to request.
PASSING = re.compile(rb"^ *\"?(REQUEST_TIME|REQUEST_TIME_FLOAT|REMOTE_PORT)\b.*\n", re.M)


@pytest.fixture
def site(directory):
    """The pages that the targets name."""
    made = directory / "site"
    for folder in (made, made / "sub", made / "sub.dir"):
        folder.mkdir(mode=0o755)
        shutil.copy(PAGE, folder)
    (made / "note.txt").write_text("a note\n")
    (made / "users").write_text("me:{SHA}Ps4UcfRPYxd8vDW6C5BODAlrZ4M=\n")
    return made


@pytest.fixture(params=["php-fpm", "responder"])
def addresses(request, start):
    """Where an application listens that shows its params: (unix, tcp)."""
    if request.param == "php-fpm":
        both = start(PHP, children=16, tcp=True)
        return both.address, both.tcp_address
    return tuple(start(Responder, "show-params", kind).address for kind in ("unix", "tcp"))


def hosts(addresses, site):
    """A virtual host for each configuration."""
    for number, lines in enumerate(CONFIGURATIONS.values()):
        values = {"unix": addresses[0], "tcp": addresses[1].partition(":")[2], "site": site,
                  "host": "host%d" % number}  # fmt: skip
        yield "<VirtualHost *:*>\nServerName host%d\nDocumentRoot %s\n" % (number, site)
        yield "<Directory %s>\n    Require all granted\n</Directory>\n" % site
        yield lines % values + "</VirtualHost>\n"


def ask(httpd, host, target):
    """Status and body, without what is never the same."""
    fields = [("Host", host), *FIELDS]
    with Client(httpd.port) as client:
        answer = client.request("GET", target, fields)
    body = PASSING.sub(b"", answer.body).replace(b"%d" % httpd.port, b"PORT")
    return answer.status, body


def test_params_are_those_of_stock(addresses, site, start_httpd):
    lines = LOADS + "".join(hosts(addresses, site))
    # Kept connections occupy children of php-fpm: no more of them than needed.
    both = [
        start_httpd("event", lines, module=module, sizes=ONE_PROCESS) for module in (STOCK, OURS)
    ]
    shown = 0
    for number, name in enumerate(CONFIGURATIONS):
        for target in TARGETS:
            stock, ours = (ask(httpd, "host%d" % number, target) for httpd in both)
            assert ours == stock, (name, target)
            shown += b"SCRIPT_FILENAME" in ours[1]
        assert shown > number, name
