# SPDX-License-Identifier: Apache-2.0
"""An application that is smaller than its host, with connections that are kept and that are not."""

from contextlib import ExitStack

from httpd import FOUR_CHILDREN, HTTPD, url_of
from load import Load
from processes import PHP, SITE

from .figure import Figure, Kind

METHOD = """php-fpm with 2 processes. httpd with the event MPM, 4 children and GatewayCapacity 2, 48
clients; and shared_application.c with 64 threads at two backends to the same application, each with
max_active 1. Runs with kept connections and without take turns; no request may be lost, and the
99th percentile of all times with them is held against that without."""

CLIENTS, PROCESSES, THREADS = 48, 2, 64


def measure(workshop, total, rounds):
    workshop.make_module()
    for measured in (in_httpd, in_a_host):
        with ExitStack() as running:
            yield from measured(workshop, running, total // rounds, rounds)


def in_httpd(workshop, running, count, rounds):
    ports = {keeps: httpd(workshop, running, keeps) for keeps in (True, False)}
    times, lost = {True: [], False: []}, {True: 0, False: 0}
    for _ in range(rounds):
        for keeps, port in ports.items():
            load = Load(port, "/query.php?n=%d", lambda number: b"n=%d" % number, clients=CLIENTS,
                        total=count)
            lost[keeps] += count - load.wait()["ok"]
            times[keeps] += load.times
    yield from compared(f"{count * rounds} by httpd", lost, times)


def in_a_host(workshop, running, count, rounds):
    address = php(workshop, running, "host")
    times, lost = {True: [], False: []}, {True: 0, False: 0}
    for _ in range(rounds):
        for keeps in times:
            host = workshop.host("shared_application", address, SITE / "query.php", THREADS, count,
                                 "keep" if keeps else "close")
            lost[keeps] += host.pop("lost")
            times[keeps].append(host["p99"])
    yield from compared(f"{count * rounds} by {THREADS} threads", lost, times)


def compared(name, lost, times):
    kept, closed = (per_cent(times[keeps], 99) for keeps in (True, False))
    yield Figure(f"{name}, kept connections: lost", lost[True], 0)
    yield Figure(f"{name}, without: lost", lost[False], 0)
    yield Figure(f"{name}: p99 kept / without", round(kept / closed, 2), 2, kind=Kind.TIME,
                 note=f"{kept:.1f} and {closed:.1f} ms")


def per_cent(values, share):
    return sorted(values)[(len(values) * share + 99) // 100 - 1]


def php(workshop, running, name):
    process = PHP(workshop.place("php-" + name), children=PROCESSES)
    running.callback(process.stop)
    return process.address


def httpd(workshop, running, keeps):
    """The port of an httpd before a php-fpm of its own."""
    name = "keep" if keeps else "close"
    address = php(workshop, running, name)
    url = url_of(address)
    lines = (f"GatewayCapacity {address} {PROCESSES} wait=60\n"
             f'<Proxy "{url}">\n    ProxySet enablereuse={"on" if keeps else "off"} retry=0\n'
             f'</Proxy>\n<FilesMatch "\\.php$">\n    SetHandler "proxy:{url}"\n</FilesMatch>\n')
    process = HTTPD(workshop.place(name), "event", lines, sizes=FOUR_CHILDREN)
    running.callback(process.stop)
    return process.port
