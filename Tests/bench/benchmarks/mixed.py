# SPDX-License-Identifier: Apache-2.0
"""Leaks and invalid accesses over mixed requests."""

import os
import re
import subprocess

from .figure import Figure
from .workshop import MAX_SECONDS, MeasurementFailed

METHOD = """Tests/hosts/linked_host.c, the same source as C99, C11 and C++17, against responder.c:
each round runs every kind of exchange, also given up, timed out, refused and on a supplied
connection, and compares every body. Then under valgrind with few and with many rounds, since what
the Swift runtime keeps for good must not grow, and with the library built for AddressSanitizer."""

CASES = 18
FEW, MANY = 4, 56
DIALECTS = {"C99": ["cc", "-std=c99"], "C11": ["cc", "-std=c11"],
            "C++17": ["c++", "-std=c++17", "-x", "c++"]}
WARNINGS = ["-O1", "-g", "-Wall", "-Wextra", "-pedantic", "-Werror"]


def measure(workshop, short):
    with workshop.application("responder", "unix") as (_, address):
        for name, compiler in DIALECTS.items():
            host = build(workshop, compiler, workshop.directory)
            yield Figure(f"{name}: wrong ones of {FEW * CASES} requests",
                         wrong([host, address, str(FEW)]), 0)
        host = build(workshop, DIALECTS["C11"], workshop.directory)
        few, many = (valgrind(workshop, [host, address, str(rounds)]) for rounds in (FEW, MANY))
        yield Figure("valgrind: errors", many["errors"], 0, note=f"{MANY * CASES} requests")
        yield Figure("valgrind: lost", many["lost"], 0, "bytes")
        yield Figure("valgrind: growth of what is kept", many["kept"] - few["kept"], 0, "bytes",
                     note=f"{many['kept']} bytes from {FEW * CASES} requests on")
        if workshop.sanitized is not None:
            yield Figure("AddressSanitizer: wrong requests and reports",
                         wrong(sanitized(workshop, address)), 0, note=f"{MANY * CASES} requests")


def build(workshop, compiler, libraries, *flags):
    host = workshop.directory / "linked_host"
    subprocess.run(
        [*compiler, *WARNINGS, *flags, "-I", workshop.root / "include", "-o", host,
         workshop.root / "Tests" / "hosts" / "linked_host.c",
         "-L", libraries, f"-Wl,-rpath,{libraries}", "-lgateway"], check=True)
    return host


def wrong(command):
    """How many requests did not go as they must; a report of the sanitizer counts as one."""
    ended = run(command)
    passed, all_of_them = 0, 0
    for line in ended.stdout.splitlines():
        counts = re.search(r"(\d+) of (\d+)$", line)
        passed += int(counts[1])
        all_of_them += int(counts[2])
    if all_of_them != CASES * int(command[-1]):
        raise MeasurementFailed(f"linked_host ended early: {ended.stderr[-2000:]}")
    return all_of_them - passed or int(ended.returncode != 0)


def valgrind(workshop, command):
    report = workshop.directory / "valgrind"
    ended = run(["valgrind", "--leak-check=full", f"--log-file={report}", *command])
    if ended.returncode != 0:
        raise MeasurementFailed(f"linked_host under valgrind: {ended.stderr[-2000:]}")
    text = report.read_text()
    lost = {kind: number(rf"{kind} lost: ([\d,]+) bytes", text)
            for kind in ("definitely", "indirectly", "possibly")}
    return {
        # The leaks of the kind "possibly" are the runtime's, which keeps pointers into blocks.
        "errors": number(r"ERROR SUMMARY: (\d+) errors", text) - text.count("are possibly lost"),
        "lost": lost["definitely"] + lost["indirectly"],
        "kept": lost["possibly"] + number(r"still reachable: ([\d,]+) bytes", text),
    }


def number(pattern, text):
    found = re.search(pattern, text)
    return int(found[1].replace(",", "")) if found else 0


def sanitized(workshop, address):
    directory = workshop.directory / "sanitized"
    directory.mkdir()
    (directory / "libgateway.so.0").symlink_to(workshop.sanitized)
    (directory / "libgateway.so").symlink_to(workshop.sanitized)
    symbols = subprocess.run(["nm", workshop.sanitized], check=True, stdout=subprocess.PIPE)
    if b"__asan_report_load" not in symbols.stdout:
        raise MeasurementFailed(f"{workshop.sanitized} has no AddressSanitizer in it")
    # Swift's own clang: its sanitizer is the one that the library was built for.
    host = build(workshop, ["clang", "-std=c11"], directory, "-fsanitize=address", "-fuse-ld=lld")
    return [host, address, str(MANY)]


def run(command):
    environment = {**os.environ, "SWIFT_BACKTRACE": "enable=no"}
    try:
        return subprocess.run(command, text=True, capture_output=True, timeout=MAX_SECONDS,
                              env=environment)
    except subprocess.TimeoutExpired as error:
        raise MeasurementFailed(f"linked_host did not end in {MAX_SECONDS} s") from error
