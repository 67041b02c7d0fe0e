# SPDX-License-Identifier: Apache-2.0
"""Access and error logs of both sides, given to the runs that they are about."""

import time

ACCESS_NAMES = ("case", "connection", "s", ">s", "b", "I", "O", "D", "X", "R", "worker",
                "error-notes", "proxy-status", "u")  # fmt: skip
LAST_LINES_SECONDS = 8
# How a child says that it did not end by itself: a signal, with or without a core.
CRASHES = ("AH00051", "AH00052")
# What servers say at their start and end, of certificates and of those who load modules.
OF_SERVERS = ("AH00489", "AH00094", "AH00491", "AH00163", "AH00292", "AH01906", "AH01909",
              "ModSecurity", "AH00558", "AH10034", "AH00493")  # fmt: skip


def read_access(side):
    """The lines by case."""
    found = {}
    path = side.directory / "log" / "access"
    for text in path.read_text(errors="backslashreplace").splitlines():
        line = dict(zip(ACCESS_NAMES, text.split("\t")))
        found.setdefault(line["case"], []).append(line)
    return found


def await_access(runs):
    """Reads the access logs until all that was answered is there, or nothing more comes."""
    sides = {run.side for run in runs}
    deadline = time.monotonic() + LAST_LINES_SECONDS
    while True:
        logs = {side: read_access(side) for side in sides}
        missing = [
            run for run in runs
            if (run.responses or run.exchanges) and run.case.id not in logs[run.side]
        ]  # fmt: skip
        if not missing or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    for run in runs:
        run.access = logs[run.side].get(run.case.id, [])


def read_errors(side, host):
    """(case or "-", connection, level, text) of each line of a virtual host's log."""
    path = side.directory / "log" / host.name
    if not path.exists():
        return []
    lines = []
    for text in path.read_text(errors="backslashreplace").splitlines():
        parts = text.split("\t", 3)
        if len(parts) == 4:
            lines.append(parts)
    return lines


def give_errors(twin, runs):
    """Lines of a request go to its case, by connection if need be; the rest is the host's."""
    by_case = {(run.side, run.case.id): run for run in runs}
    owners = {}
    for run in runs:
        for line in run.access:
            owners[(run.side, line["connection"])] = run
    for side in twin.sides:
        owners.pop((side, "-"), None)
    left = {}
    for side in twin.sides:
        for host in twin.hosts:
            for case, connection, level, text in read_errors(side, host):
                run = by_case.get((side, case)) or owners.get((side, connection))
                if run:
                    run.errors.append((level, text))
                elif not text.startswith(OF_SERVERS):
                    left.setdefault(host, {}).setdefault(side.key, []).append((level, text))
    return left


def crashes(twin):
    """What the servers' own logs say of children that ended by a signal."""
    for side in twin.sides:
        for text in (side.directory / "log" / "server").read_text(errors="replace").splitlines():
            if any(tag in text for tag in CRASHES):
                yield side.key, text
