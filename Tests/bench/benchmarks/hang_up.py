# SPDX-License-Identifier: Apache-2.0
"""Threads of flup that clients leave behind when they hang up."""

import contextlib
import socket
import subprocess
import time
from pathlib import Path

from .figure import Figure

METHOD = """hang_up.c gives exchanges up at once, while the application computes, or at the head of
an answer of 200,000 bytes, 4 at a time, before flup, which starts a thread for each connection
and, multiplexing, one more for each request: its threads are counted after requests that complete,
and again after those that do not."""

# Few, so that no idle thread of flup's takes the place of one that is left behind.
CONCURRENCY = 8
# flup lets a thread go only when it next looks.
SECONDS_TO_SETTLE = 10


def measure(workshop, count):
    for multiplexes in (False, True):
        name = "flup, multiplexing" if multiplexes else "flup"
        with flup(workshop, multiplexes) as (pid, address):
            workshop.host("hang_up", address, 60, "whole")
            base = settled(pid, 0)
            host = workshop.host("hang_up", address, count, "early")
            left = settled(pid, base) - base
        yield Figure(f"{count} that hang up, {name}: ended otherwise", host["others"], 0,
                     note=f"{host['given_up']} given up")
        yield Figure(f"{count} that hang up, {name}: threads left", left, 0,
                     note=f"{base} before")


@contextlib.contextmanager
def flup(workshop, multiplexes):
    path = workshop.directory / "flup.socket"
    script = workshop.root / "Tests" / "applications" / "wsgi" / "serve_flup.py"
    python = workshop.root / ".venv" / "bin" / "python"
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(64)
        process = subprocess.Popen(
            [python, script, "on" if multiplexes else "off", str(CONCURRENCY)], stdin=listener)
    try:
        yield process.pid, f"unix:{path}"
    finally:
        process.kill()
        process.wait()


def threads(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Threads:"))


def settled(pid, most):
    """The threads once they are so many or fewer, or no longer change."""
    seen, since = threads(pid), time.monotonic()
    begun = since
    while seen > most and time.monotonic() - begun < SECONDS_TO_SETTLE:
        time.sleep(0.05)
        now = threads(pid)
        if now != seen:
            seen, since = now, time.monotonic()
        if most == 0 and time.monotonic() - since > 0.5:
            break
    return seen
