# SPDX-License-Identifier: Apache-2.0
"""Processor time of httpd for each request, with mod_gateway and with mod_proxy_fcgi."""

import os
import re
import subprocess
import sys
from pathlib import Path
from statistics import median

from .figure import Figure, Kind
from .workshop import MeasurementFailed

METHOD = """processor time of httpd's child (worker MPM, one child) per request, with mod_gateway
and with Debian's mod_proxy_fcgi on the same lines, in turns; the figure is the median of their
ratios. The application is responder.c on a Unix socket, on kept connections; wrk with 4 of them
asks without a pause, and compares each answer."""

# What wrk does with each answer: the file has what is right.
COMPARE = """
local file = io.open("%s", "rb")
local right, wrong = file:read("*a"), 0
wrk.method, wrk.body = "%s", %s
function response(status, headers, body)
    if status ~= 200 or body ~= right then
        io.write("wrong answer\\n")
        os.exit(1)
    end
end
"""


def pattern(size):
    """The body bytes of programs/pattern.h."""
    state, period = 1, bytearray()
    for _ in range(65521):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        period.append(state >> 24)
    return bytes(period) * (size // len(period)) + bytes(period[: size % len(period)])


MEBIBYTE = pattern(1 << 20)
SMALL = b"<!doctype html><title>small</title><p>sixty-four bytes in all.\r\n"

# Name, target, body, what is right, the most of stock's time.
WORKLOADS = [
    ("small", "/small", None, SMALL, 0.70),
    ("64 KiB down", "/?down=65536", None, MEBIBYTE[:65536], 0.45),
    ("1 MiB down", "/?down=1048576", None, MEBIBYTE, 0.45),
    ("1 MiB up", "/?up", MEBIBYTE, b"1048576", 0.50),
]


def measure(workshop, short):
    tests = workshop.root / "Tests" / "httpd"
    sys.path.insert(0, str(tests))
    from httpd import HTTPD, ONE_PROCESS, OURS, STOCK, proxy_pass

    rounds = 3 if short else 9
    workshop.directory.chmod(0o755)
    with workshop.application("responder", "unix") as (_, address):
        os.chmod(address.removeprefix("unix:"), 0o666)
        lines = proxy_pass(address, parameters="enablereuse=on")
        running = []
        try:
            for name, module in (("ours", OURS), ("stock", STOCK)):
                place = workshop.directory / name
                place.mkdir()
                place.chmod(0o777)
                running.append(HTTPD(place, "worker", lines, module=module, sizes=ONE_PROCESS))
            for workload in WORKLOADS:
                yield from compare(workshop, workload, running, rounds)
        finally:
            for httpd in running:
                httpd.stop()


def compare(workshop, workload, running, rounds):
    name, target, body, right, bound = workload
    script = prepare(workshop.directory, body, right)
    for httpd in running:
        cost(httpd, target, script)
    times = [[cost(httpd, target, script) for httpd in running] for _ in range(rounds)]
    ours, stock = (median(each[index] for each in times) for index in (0, 1))
    ratio = median(mine / theirs for mine, theirs in times)
    yield Figure(f"{name}: ours / stock", round(ratio, 2), bound, kind=Kind.TIME,
                 note=f"{ours / 1000:.1f} and {stock / 1000:.1f} us")


def prepare(directory, body, right):
    """The files that wrk is told what to send and to expect with; the script's path."""
    answer, request, script = (directory / name for name in ("right", "body", "compare.lua"))
    answer.write_bytes(right)
    request.write_bytes(body or b"")
    sent = f'io.open("{request}", "rb"):read("*a")' if body else "nil"
    script.write_text(COMPARE % (answer, "POST" if body else "GET", sent))
    return script


def cost(httpd, target, script):
    """Nanoseconds of its child for each request."""
    begin = processor_time(httpd)
    url = f"http://127.0.0.1:{httpd.port}{target}"
    ended = subprocess.run(["wrk", "-t1", "-c4", "-d1s", "-s", script, url],
                           stdout=subprocess.PIPE, text=True, timeout=60)
    count = re.search(r"(\d+) requests in", ended.stdout)
    if ended.returncode or "Socket errors" in ended.stdout or not count:
        raise MeasurementFailed(f"{target}: {ended.stdout}")
    return (processor_time(httpd) - begin) / int(count[1])


def processor_time(httpd):
    times = 0
    for pid in httpd.children():
        for task in Path(f"/proc/{pid}/task").iterdir():
            times += int((task / "schedstat").read_text().split()[0])
    return times
