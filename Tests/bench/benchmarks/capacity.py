# SPDX-License-Identifier: Apache-2.0
"""An application that is smaller than its host, with connections that are kept and that are not."""

import contextlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .figure import Figure, Kind

METHOD = """php-fpm with 2 processes. httpd with the event MPM, 4 children and GatewayCapacity 2, 48
clients; and shared_application.c with 64 threads at two backends to the same application, each with
max_active 1. Runs with kept connections and without take turns; no request may be lost, and the
99th percentile of all times with them is held against that without."""

CLIENTS, PROCESSES, THREADS = 48, 2, 64
CHILDREN = """
ServerLimit 4
StartServers 4
ThreadsPerChild 16
ThreadLimit 16
MaxRequestWorkers 64
MinSpareThreads 1
MaxSpareThreads 64
"""


def measure(workshop, total, rounds):
    subprocess.run(["make", "-s", "-C", workshop.root / "module", "LIBRARY=prebuilt"], check=True,
                   stdout=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="gateway-bench-") as made:
        directory = Path(made)
        directory.chmod(0o777)
        with contextlib.ExitStack() as running:
            yield from in_httpd(directory, running, total // rounds, rounds)
        with contextlib.ExitStack() as running:
            yield from in_a_host(workshop, directory, running, total // rounds, rounds)


def in_httpd(directory, running, count, rounds):
    httpds = {keeps: httpd(directory, running, keeps) for keeps in (True, False)}
    times, lost = {True: [], False: []}, {True: 0, False: 0}
    for _ in range(rounds):
        for keeps, port in httpds.items():
            load = timed_load(port, count)
            lost[keeps] += count - load.wait()["ok"]
            times[keeps] += load.times
    yield from compared(f"{count * rounds} by httpd", lost, times)


def in_a_host(workshop, directory, running, count, rounds):
    address, script = php(directory, running, "host"), site(workshop) / "query.php"
    times, lost = {True: [], False: []}, {True: 0, False: 0}
    for _ in range(rounds):
        for keeps in times:
            host = workshop.host("shared_application", address, script, THREADS, count,
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


# ------------------------------------------------------------------------ what the tests start too


def site(workshop):
    return workshop.root / "Tests" / "httpd" / "site"


def tests():
    """The modules of Tests/httpd."""
    httpd_tests = Path(__file__).resolve().parents[2] / "httpd"
    for path in (httpd_tests, httpd_tests.parent / "support"):
        if str(path) not in sys.path:
            sys.path.insert(0, str(path))
    import httpd
    import load
    import processes

    return httpd, load, processes


def place(directory, name):
    made = directory / name
    made.mkdir()
    made.chmod(0o777)
    return made


def php(directory, running, name):
    process = tests()[2].PHP(place(directory, "php-" + name), children=PROCESSES)
    running.callback(process.stop)
    return process.address


def httpd(directory, running, keeps):
    """The port of an httpd before a php-fpm of its own."""
    module = tests()[0]
    name = "keep" if keeps else "close"
    address = php(directory, running, name)
    url = module.url_of(address)
    lines = (f"GatewayCapacity {address} {PROCESSES} wait=60\n"
             f'<Proxy "{url}">\n    ProxySet enablereuse={"on" if keeps else "off"} retry=0\n'
             f'</Proxy>\n<FilesMatch "\\.php$">\n    SetHandler "proxy:{url}"\n</FilesMatch>\n')
    process = module.HTTPD(place(directory, name), "event", lines, sizes=CHILDREN)
    running.callback(process.stop)
    return process.port


def timed_load(port, count):
    class TimedLoad(tests()[1].Load):
        """Keeps how long each request took, in milliseconds."""

        def _ask(self, number):
            begun = time.monotonic()
            said = super()._ask(number)
            self.times.append((time.monotonic() - begun) * 1000)
            return said

    TimedLoad.times = []
    return TimedLoad(port, "/query.php?n=%d", lambda number: b"n=%d" % number, clients=CLIENTS,
                     total=count)
