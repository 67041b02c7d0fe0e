# SPDX-License-Identifier: Apache-2.0
"""A reload: on command, by a signal, by a file's change; and one whose processes do not start."""

import signal
import time

from processes import wait_until
from supervised import Host


def test_on_command(start_supervisor):
    supervisor = start_supervisor("--processes", "3")
    before = set(supervisor.wait_ready(3))
    answer = supervisor.ask("reload")
    assert answer.returncode == 0 and "reloaded to generation 2 in" in answer.stdout
    assert not before & set(supervisor.pids("ready"))
    supervisor.wait_ready(3)
    assert supervisor.status()["reloads"] == 1


def test_by_signal(start_supervisor):
    supervisor = start_supervisor("--processes", "2")
    before = set(supervisor.wait_ready(2))
    supervisor.popen.send_signal(signal.SIGHUP)
    wait_until(lambda: supervisor.status().get("reloads") == 1, "the reload")
    assert not before & set(supervisor.wait_ready(2))


def test_by_a_file(start_supervisor, directory):
    watched = directory / "LocalSite.cfg"
    watched.write_text("one")
    supervisor = start_supervisor("--processes", "2", "--watch", watched)
    supervisor.wait_ready(2)
    # Several changes, one of them by another file of the name, are one reload.
    for text in ["two", "three", "four"]:
        other = directory / "new"
        other.write_text(text)
        other.rename(watched)
        time.sleep(0.05)
    wait_until(lambda: supervisor.status().get("reloads") == 1, "the reload")
    assert "%s has changed" % watched in supervisor.read_log()
    time.sleep(1.2)
    assert supervisor.status()["generation"] == 2


def test_a_long_request_holds_up_no_other(start_supervisor, start, gate):
    supervisor = start_supervisor("--processes", "2", "--env", "HOLD=%s" % gate.directory)
    supervisor.wait_ready(2)
    slow = start(Host, supervisor.base, command=None, requests=1, query="&" + gate.hold("slow"))

    def active():
        return [each["pid"] for each in supervisor.status()["processes"] if each["active"]]

    wait_until(active, "the slow request")
    (busy,) = active()
    (idle,) = set(supervisor.pids("ready")) - {busy}
    supervisor.popen.send_signal(signal.SIGHUP)
    wait_until(lambda: idle not in supervisor.pids(), "the idle one to be replaced")
    assert busy in supervisor.pids()
    gate.let_go()
    assert slow.result()["failed"] == 0
    wait_until(lambda: supervisor.status().get("reloads") == 1, "the reload")


def test_new_processes_that_do_not_start(start_supervisor, start, directory):
    fault = directory / "fault"
    supervisor = start_supervisor("--processes", "3", "--env", "START_FILE=%s" % fault)
    before = set(supervisor.wait_ready(3))
    host = start(Host, supervisor.base, command=None, threads=4, seconds=3)
    fault.write_text("")
    answer = supervisor.ask("reload")
    assert answer.returncode == 1
    assert "generation 2 does not start; generation 1 goes on serving" in answer.stdout
    assert set(supervisor.pids("ready")) == before
    log = supervisor.read_log()
    assert "it ended with exit status 3; it said: cannot begin: %s is there" % fault in log
    assert host.result()["failed"] == 0
    fault.unlink()
    assert supervisor.ask("reload").returncode == 0
    assert not before & set(supervisor.wait_ready(3))


def test_many_in_a_row(start_host, named):
    """More than slots, and while another one is under way."""
    host = start_host("processes=2-4", threads=8, seconds=6)
    wait_until(lambda: named.pids("ready"), "a process")
    reloads = 0
    for _ in range(20):
        answer = named.ask("reload")
        # A busy machine may take longer for them than the host asks.
        if "the application stops" in answer.stdout:
            break
        assert answer.returncode == 0
        reloads += 1
    assert reloads > 1
    result = host.result()
    assert result["failed"] == 0, result
