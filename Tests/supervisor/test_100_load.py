# SPDX-License-Identifier: Apache-2.0
"""Reloads, limits and load at once: no request is lost, and no process gets more than it may."""

import pytest
from long_form import IS_LONG
from processes import wait_until
from supervised import APPLICATIONS, PERL, is_there

SECONDS = 20 if IS_LONG else 2
RELOAD_EVERY = 2000 if IS_LONG else 500


@pytest.fixture(params=["perl", "flipflop", "libfcgi", "php-cgi"])
def command(request, commands):
    """Applications of one exchange at a time."""
    return commands[request.param]


def everything_ended(host, pids):
    assert not [pid for pid in pids if is_there(pid)]
    assert not host.session()


@pytest.mark.parametrize("way", [{}, {"nonblocking": True}], ids=["blocking", "nonblocking"])
def test_nothing_is_lost(start_host, named, command, way):
    memory = "max-memory=8M" if command is PERL else "max-memory=100M"
    host = start_host(
        "processes=2-8", "max-requests=50", memory, command=command, processes=2,
        threads=16, seconds=SECONDS, reload_every=RELOAD_EVERY,
        environment={"SCRIPT": str(APPLICATIONS / "count.php")}, query="&leak=200", **way,
    )  # fmt: skip
    most = 0
    pids = set()
    while host.popen.poll() is None:
        now = named.status()["processes"]
        most = max(most, len(now))
        pids |= {each["pid"] for each in now}
        states = [each["state"] for each in now]
        # At the end they leave all at once.
        assert states.count("leaving") <= 2 or not {"ready", "starting"} & set(states)
    result = host.result()
    assert result["failed"] == result["wrong"] == result["crowded"] == 0, result
    assert result["served"] > 100 and result["reloads"] > 1 and not result["failed_reloads"]
    # A quarter of eight replaces others meanwhile.
    assert 0 < most <= 10 and result["most_served"] <= 50
    log = host.read_log()
    assert "in use" not in log
    # The Perl one grows from 3 MiB by 200 KiB with each request.
    assert ("KiB of memory" in log) == (command is PERL)
    wait_until(lambda: not any(is_there(pid) for pid in pids), "all to end")
    everything_ended(host, pids)


def test_threads_of_a_process(start_host, commands):
    """flup runs as many at once as it is given: no more than it may."""
    host = start_host(
        "processes=2", "concurrency=3", command=commands["flup"],
        threads=16, seconds=SECONDS, query="&sleep=5", environment={"CONCURRENCY": "3"},
    )  # fmt: skip
    result = host.result()
    assert result["failed"] == result["crowded"] == 0 and result["served"] > 100, result


def test_a_slow_request_delays_nobody(start_host, named):
    """While a process is idle."""
    slow = start_host("processes=4", requests=1, query="&sleep=3000")
    wait_until(lambda: any(p["active"] for p in named.status()["processes"]), "the slow request")
    fast = start_host(command=None, threads=3, requests=600, query="")
    result = fast.result()
    assert result["failed"] == result["crowded"] == 0, result
    assert slow.popen.poll() is None, "the fast ones waited for the slow one"
    assert slow.result()["failed"] == 0
