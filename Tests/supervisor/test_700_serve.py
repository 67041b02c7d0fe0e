# SPDX-License-Identifier: Apache-2.0
"""module/serve: its application is supervised, and rolls when its file is touched."""

import shutil
import time

from load import Load
from processes import ROOT, wait_until
from serve import Serve
from supervised import Named

SAMPLE = ROOT / "module" / "sample" / "sample.fcgi"


class PageLoad(Load):
    """Each page has to be the one that was asked for."""

    def _judge(self, response, right):
        verdict = super()._judge(response, None)
        return verdict if verdict != "ok" or right in response.body else "wrong body"


def test_touching_the_sample_rolls_it(start, directory):
    sample = directory / "sample.fcgi"
    shutil.copy(SAMPLE, sample)
    serve = start(Serve, "--app", sample)
    named = Named(serve.run / "applications", "served")
    wait_until(lambda: len(named.pids("ready")) >= 2, "the processes")
    right = "<td>QUERY_STRING</td><td>n=%d</td>"
    load = PageLoad(serve.port, right=lambda n: (right % n).encode(), clients=8)
    try:
        for reloads in (1, 2):
            before = set(named.pids())
            time.sleep(0.1)
            sample.touch()
            wait_until(lambda: named.status().get("reloads") == reloads, "the reload")
            assert not before & set(named.pids("ready"))
    finally:
        tally = load.stop()
    assert set(tally) == {"ok"} and tally["ok"] > 50, tally


def test_a_command_with_quotes(start):
    application = ROOT / "Tests" / "supervisor" / "applications" / "count.pl"
    serve = start(Serve, "--app", "env A=\"a 'b' \\\\\" perl %s" % application)
    load = Load(serve.port, right=lambda n: None, clients=1, total=3)
    assert set(load.wait()) == {"ok"}


FRESH = {
    # As on a machine that has never fetched its lists of packages.
    "dpkg-query": "exit 1",
    "apt-get": """echo "$@" >>"$CALLS"
case $1 in
update) ;;
*) grep -q update "$CALLS" || { echo "E: Unable to locate package" >&2; exit 100; } ;;
esac""",
}


def test_a_fresh_machine(start, directory, monkeypatch):
    """The lists are fetched before anything is installed, and no error is shown."""
    for name, lines in FRESH.items():
        program = directory / name
        program.write_text("#!/bin/sh\n%s\n" % lines)
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(directory), prepend=":")
    monkeypatch.setenv("CALLS", str(directory / "calls"))
    serve = start(Serve)
    calls = [line.split()[0] for line in (directory / "calls").read_text().splitlines()]
    assert calls[:2] == ["update", "install"] and calls.count("update") <= 2
    assert "E: " not in serve.read_log()
