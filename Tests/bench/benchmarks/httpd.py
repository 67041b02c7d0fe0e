# SPDX-License-Identifier: Apache-2.0
"""Processor time of httpd for each request, with mod_gateway and with mod_proxy_fcgi."""

from os import chmod
from statistics import median

from httpd import HTTPD, ONE_PROCESS, OURS, STOCK, proxy_pass

from .bodies import MEBIBYTE, SMALL
from .figure import Figure, Kind
from .wrk import cost, prepare

METHOD = """processor time of httpd's child (worker MPM, one child) per request, with mod_gateway
and with Debian's mod_proxy_fcgi on the same lines, in turns; the figure is the median of their
ratios. The application is responder.c on a Unix socket, on kept connections; wrk with 4 of them
asks without a pause, and compares each answer; all three share one core."""

# Name, target, body, what is right, the most of stock's time.
WORKLOADS = [
    ("small", "/small", None, SMALL, 0.70),
    ("64 KiB down", "/?down=65536", None, MEBIBYTE[:65536], 0.45),
    ("1 MiB down", "/?down=1048576", None, MEBIBYTE, 0.45),
    ("1 MiB up", "/?up", MEBIBYTE, b"1048576", 0.50),
]


def measure(workshop, short):
    rounds = 3 if short else 9
    with workshop.application("responder", "unix") as (_, address):
        chmod(address.removeprefix("unix:"), 0o666)
        lines = proxy_pass(address, parameters="enablereuse=on")
        running = []
        try:
            for name, module in (("ours", OURS), ("stock", STOCK)):
                running.append(HTTPD(workshop.place(name), "worker", lines, module=module,
                                     sizes=ONE_PROCESS))
            for workload in WORKLOADS:
                yield from compare(workshop, workload, running, rounds)
        finally:
            for httpd in running:
                httpd.stop()


def compare(workshop, workload, running, rounds):
    name, target, body, right, bound = workload
    script = prepare(workshop.directory, body, right)

    def costs():
        return [cost(httpd.children(), httpd.port, target, script) for httpd in running]

    costs()
    times = [costs() for _ in range(rounds)]
    ours, stock = (median(each[index] for each in times) for index in (0, 1))
    ratio = median(mine / theirs for mine, theirs in times)
    yield Figure(f"{name}: ours / stock", round(ratio, 2), bound, kind=Kind.TIME,
                 note=f"{ours / 1000:.1f} and {stock / 1000:.1f} us")
