# SPDX-License-Identifier: Apache-2.0
"""httpd unloads its modules at each restart and may load them at another address: nothing that it
keeps over restarts points into the module."""

import json
import os
import signal
from pathlib import Path

import pytest
from client import get
from httpd import OURS, load_modules, proxy_pass
from load import Load
from long_form import IS_LONG
from supervised import CountingLoad
from test_500_httpd import LINE, PASS, supervisor_of

RESTARTS, CLIENTS = (100, 16) if IS_LONG else (5, 4)
# Lines before the module's: with each of these it moves.
BEFORE = [
    "", load_modules("alias"), load_modules("rewrite", "headers", "deflate"),
    load_modules("filter", "env", "dir", "setenvif", "expires"),
]  # fmt: skip
STATUS = (
    '<Location "/status">\n    SetHandler gateway-status\n</Location>\nProxyPass "/status" "!"\n'
)


def base_of(pid, module):
    """Where a process has a module in memory."""
    for line in Path("/proc/%d/maps" % pid).read_text().splitlines():
        if line.endswith(module.name):
            return line.partition("-")[0]
    return None


class Restarted:
    """An httpd whose list of modules changes before the module's line."""

    def __init__(self, start_httpd, mpm, lines, directory):
        self.changing = directory / "changing.conf"
        self.changing.write_text(BEFORE[0])
        loads = "Include %s\nLoadModule proxy_fcgi_module %s" % (self.changing, OURS)
        self.httpd = start_httpd(mpm, lines, loads=loads)
        self.bases = [base_of(self.httpd.pid, OURS)]

    def restart(self, number):
        self.changing.write_text(BEFORE[number % len(BEFORE)])
        self.httpd.graceful()
        self.bases.append(base_of(self.httpd.pid, OURS))

    def count(self, name):
        """Complete exchanges of a backend since httpd began."""
        status = json.loads(get(self.httpd.port, "/status?json").body)
        counts = {each["name"]: each["outcomes"]["complete"] for each in status["backends"]}
        return counts.get(name, 0)


@pytest.mark.parametrize("mpm", ["prefork", "worker", "event"])
def test_the_module_moves(start_httpd, start_responder, named, public, directory, mpm):
    """Under load nothing is lost and nobody dies; counts and supervisors go on."""
    application = start_responder("answer")
    address = application.address.partition(":")[2]
    lines = STATUS + LINE % ("processes=4", public) + PASS + proxy_pass(application.address)
    lines += "GatewayCapacity unix:%s 2\n" % address
    restarted = Restarted(start_httpd, mpm, lines, directory)
    httpd = restarted.httpd
    processes, supervisor = named.wait_ready(4), supervisor_of(httpd)
    loads = [CountingLoad(httpd.port, clients=CLIENTS), Load(httpd.port, clients=CLIENTS)]
    try:
        for number in range(1, RESTARTS + 1):
            for load in loads:
                before = load.tally.total()
                httpd.wait_until(lambda: load.tally.total() > before, "httpd under load")
            restarted.restart(number)
    finally:
        tallies = [load.stop() for load in loads]
    assert [set(tally) for tally in tallies] == [{"ok"}, {"ok"}], tallies
    moves = sum(a != b for a, b in zip(restarted.bases, restarted.bases[1:]))
    assert moves >= RESTARTS // 2, restarted.bases
    assert supervisor_of(httpd) == supervisor and named.pids() == processes
    assert restarted.count("gateway://wiki") == tallies[0].total()
    assert restarted.count(address) == tallies[1].total()
    log = httpd.read_log()
    assert "exit signal" not in log and "GW1030" not in log, log


def test_a_supervisor_that_ends_is_seen_by_the_moved_module(
    start_httpd, named, public, directory
):
    restarted = Restarted(start_httpd, "event", LINE % ("processes=1", public) + PASS, directory)
    httpd = restarted.httpd
    named.wait_ready(1)
    for number in (1, 2):
        restarted.restart(number)
    ended = supervisor_of(httpd)
    assert len(set(restarted.bases)) > 1
    os.kill(ended, signal.SIGKILL)
    httpd.wait_until(lambda: "GW1030" in httpd.read_log(), "the parent's line")
    httpd.wait_until(lambda: supervisor_of(httpd) not in (None, ended), "another supervisor")
    httpd.wait_until(lambda: get(httpd.port, "/wiki/?n=1").status == 200, "its process")
