# SPDX-License-Identifier: Apache-2.0
"""How requests become variables: the configurations of mod_proxy_fcgi's manual and of the field."""

from behaviour import answers
from case_table import Case, Fragment
from configurations import CONFIGURATIONS, FIELDS, TARGETS
from raw_client import Request, sends_request

SHORT = 250
PLACES = {"unix": "unix:@side@/app.sock", "tcp": "@tcp@", "site": "@site@", "host": "@name@"}
FRAGMENTS = {
    name: Fragment(("DocumentRoot @site@\n" + lines) % PLACES)
    for name, lines in CONFIGURATIONS.items()
}


def cases(_random):
    for name in CONFIGURATIONS:
        for target in TARGETS:
            request = Request(target=target, fields=tuple(FIELDS))
            yield Case("%s %s" % (name, target), name, sends_request(request), answers())
