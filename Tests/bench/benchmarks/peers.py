# SPDX-License-Identifier: Apache-2.0
"""The library and its module beside what a user would pick instead, all in one run."""

from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from os import chmod
from statistics import median
from typing import Callable

import fastcgi
from client import get

from . import allocations, chart, syscalls
from .bodies import SMALL
from .figure import Figure, Kind
from .gateways import Gateways, application_calls, private_memory
from .workshop import MeasurementFailed

METHOD = """processor time (user and system, of all processes of a server) per request: httpd with
mod_gateway, httpd with Debian's mod_proxy_fcgi on the same lines, and nginx's fastcgi with kept
connections, each with one process for the requests, before the same responder.c and on its core, as
is wrk, which asks; the library beside bare loops in C that have its requests encoded already. In
each round every pair is measured, one of it right after the other; a figure is the median of the
ratios of all rounds. Every answer is compared. "bare" is httpd with the least handler that can be
(mod_bare.c) in the place of mod_gateway: no module can be below it. The chart of all figures is
.test-output/peers.svg."""

GIBIBYTE = 1 << 30
BUFFER_SIZE = 131072
LATENCY_CONNECTIONS, LATENCY_SHARE = 64, 0.7

# What of servers: name, ours, its peer, load, path, connections, bound, whether in the short form.
SERVERS = [
    ("worker, small, kept Unix", "worker", "stock worker", "small", "kept", 4, 0.65, True),
    ("worker, small, not kept", "worker", "stock worker", "small", "fresh", 4, 0.82, True),
    ("worker, small, kept TCP", "worker", "stock worker", "small", "tcp", 4, 0.56, True),
    ("worker, 64 KiB down", "worker", "stock worker", "64 KiB down", "kept", 4, 0.36, True),
    ("worker, 1 MiB down", "worker", "stock worker", "1 MiB down", "kept", 4, 0.33, False),
    ("worker, 64 KiB up", "worker", "stock worker", "64 KiB up", "kept", 4, 0.58, True),
    ("worker, 1 MiB up", "worker", "stock worker", "1 MiB up", "kept", 4, 0.37, False),
    ("event, small, kept", "event", "stock event", "small", "kept", 4, 0.74, True),
    ("event, small, 64 connections", "event", "stock event", "small", "kept", 64, 0.78, False),
    ("event and nginx, small", "event", "nginx", "small", "kept", 4, 1.70, True),
    ("worker and nginx, small", "worker", "nginx", "small", "kept", 4, 1.70, False),
    ("worker and nginx, 64 KiB down", "worker", "nginx", "64 KiB down", "kept", 4, 0.60, True),
    ("worker and nginx, 1 MiB down", "worker", "nginx", "1 MiB down", "kept", 4, 0.35, False),
    ("worker and nginx, 1 MiB up", "worker", "nginx", "1 MiB up", "kept", 4, 0.80, False),
]


# The same without bounds, with the bare handler in our place: what httpd itself takes.
BARE = ["worker, small, kept Unix", "worker, small, not kept", "worker, small, kept TCP",
        "worker, 64 KiB down", "worker, 1 MiB down", "event, small, kept", "event and nginx, small",
        "worker and nginx, 64 KiB down", "worker and nginx, 1 MiB down"]


@dataclass
class Pair:
    """Two costs in nanoseconds that are held against each other."""

    name: str
    ours: Callable
    theirs: Callable
    bound: float | None
    # ratio of the two, or what the one is above the other
    combine: Callable = lambda ours, theirs: ours / theirs
    unit: str = ""


def measure(workshop, short):
    figures = []
    for figure in measured(workshop, short):
        figures.append(figure)
        yield figure
    chart.bars(workshop.root / ".test-output" / "peers.svg",
               "Figures as shares of their bounds: left of the line is kept", figures)


def measured(workshop, short):
    with ExitStack() as running:
        _, unix = running.enter_context(workshop.application("responder", "unix"))
        _, tcp = running.enter_context(workshop.application("responder", "tcp"))
        chmod(unix.removeprefix("unix:"), 0o666)
        gateways = Gateways(workshop, unix, tcp)
        running.callback(gateways.close)
        servers = {
            "worker": gateways.httpd("worker", "worker"),
            "stock worker": gateways.httpd("stock-worker", "worker", "stock"),
            "event": gateways.httpd("event", "event"),
            "stock event": gateways.httpd("stock-event", "event", "stock"),
            "nginx": gateways.nginx("nginx"),
        }
        if not short:
            servers |= {f"bare {mpm}": gateways.bare(f"bare-{mpm}", mpm)
                        for mpm in ("worker", "event")}
        pairs = [*server_pairs(gateways, servers, short), *library_pairs(workshop, unix, short)]
        yield from in_rounds(pairs, short)
        yield from small_counts(servers, short)
        if not short:
            yield from latency(workshop, servers)
        yield from memory(gateways)
    yield from layer(workshop, short)
    yield from load_time(workshop, 5 if short else 21)
    if not short:
        # Otherwise they are in the same run already.
        yield from allocations.measure(workshop, short)
        yield from syscalls.measure(workshop, short)


def in_rounds(pairs, short):
    rounds = 2 if short else 5
    if not short:
        for pair in pairs:
            pair.ours(), pair.theirs()
    seen = {pair.name: [] for pair in pairs}
    for number in range(rounds):
        for pair in pairs:
            if number % 2:
                theirs, ours = pair.theirs(), pair.ours()
            else:
                ours, theirs = pair.ours(), pair.theirs()
            seen[pair.name].append((ours, theirs))
    for pair in pairs:
        values = [pair.combine(*each) for each in seen[pair.name]]
        ours, theirs = (median(each[at] for each in seen[pair.name]) / 1000 for at in (0, 1))
        yield Figure(pair.name, round(median(values), 2), pair.bound, pair.unit, Kind.TIME,
                     f"{ours:.2f} and {theirs:.2f} us; {min(values):.2f} to {max(values):.2f}")


# -------------------------------------------------------------------------------------- servers


def server_pairs(gateways, servers, short):
    for name, ours, theirs, *load, bound, is_short in SERVERS:
        def cost(server):
            return partial(gateways.cost, servers[server], *load)

        if is_short or not short:
            yield Pair(name, cost(ours), cost(theirs), bound)
        if name in BARE and not short:
            yield Pair(f"bare {name}", cost(f"bare {ours}"), cost(theirs), None)


def small_counts(servers, short):
    for name in ("worker", "event"):
        count, last = application_calls(servers[name], 20 if short else 200)
        kinds = " ".join(line.split()[1].partition("(")[0] for line in last)
        yield Figure(f"{name}, calls on the application's socket", round(count, 2), 4, note=kinds)


def latency(workshop, servers):
    """At 70 % of what stock can do at most."""
    right = workshop.directory / "right small"
    right.write_bytes(SMALL)

    def load(server, rate, seconds):
        seen = workshop.host("paced_load", servers[server].port, "/kept/?small", right,
                             LATENCY_CONNECTIONS, rate, seconds)
        if seen["wrong"]:
            raise MeasurementFailed(f"{seen['wrong']} wrong answers of {server}")
        return seen

    limit = median(load("stock event", 0, 1)["rate"] for _ in range(5))
    rate = limit * LATENCY_SHARE
    seen = [[load(server, rate, 2)["p99"] for server in ("event", "stock event")]
            for _ in range(7)]
    ours, stock = (median(each[at] for each in seen) / 1000 for at in (0, 1))
    yield Figure("event, p99 at 70 % of stock's limit", round(median(a / b for a, b in seen), 2),
                 1.0, kind=Kind.TIME,
                 note=f"{ours:.2f} and {stock:.2f} ms at {rate:.0f} requests a second")


def memory(gateways):
    """What the module adds to a child that has served."""
    children = "ServerLimit 2\nStartServers 2\nThreadsPerChild 8\nMaxRequestWorkers 16\n"
    private = {}
    for module in (None, "ours", "stock"):
        server = gateways.httpd(f"memory-{module}", "worker", module, children)
        path = "/kept/?small" if module else "/query.php"
        for _ in range(200):
            get(server.port, path)
        private[module] = private_memory(server) / (1 << 20)
    added, stock = private["ours"] - private[None], private["stock"] - private[None]
    yield Figure("private memory added to a child", round(added, 2), 2, "MiB",
                 note=f"mod_proxy_fcgi {stock:.2f}; without {private[None]:.2f}")


# -------------------------------------------------------------------------------------- library


def library_pairs(workshop, unix, short):
    path = unix.removeprefix("unix:")
    request, answer = workshop.recorded_exchange(unix)
    download = workshop.directory / "download request"
    size = GIBIBYTE // 16 if short else GIBIBYTE
    download.write_bytes(download_request(size))
    replaced = {"preload": ["memory_transport"], "ANSWER_FILE": str(answer)}
    count = 20_000 if short else 50_000

    def cost(*command, **more):
        seen = workshop.host(*command, **more)
        if seen.get("bytes", size) < size:
            raise MeasurementFailed("the answer is too short")
        return seen["user"] + seen["system"]

    yield Pair("library, blocking / bare loop",
               partial(cost, "small_requests", unix, "GET", count, "ignore"),
               partial(cost, "bare_loop", path, request, count), 1.05)
    yield Pair("library without input and output",
               partial(cost, "small_requests", unix, "GET", 10 * count, "ignore", **replaced),
               partial(cost, "bare_loop", path, request, 10 * count, **replaced), 0.40,
               lambda ours, theirs: (ours - theirs) / 1000, "us")
    yield Pair("library, epoll, 64 connections / bare epoll",
               partial(cost, "epoll_library", unix, count),
               partial(cost, "epoll_bare", path, request, count), 1.10)
    yield Pair(f"library, {size >> 20} MiB down / discarded",
               partial(cost, "discard_library", unix, f"down={size}"),
               partial(cost, "discard_bare", path, download, BUFFER_SIZE), 1.1)


def download_request(size):
    params = fastcgi.encode_pairs(
        [(b"REQUEST_METHOD", b"GET"), (b"QUERY_STRING", b"down=%d" % size)])
    return (fastcgi.begin_request(1) + fastcgi.stream(fastcgi.PARAMS, 1, params)
            + fastcgi.stream(fastcgi.STDIN, 1, b""))


def layer(workshop, short):
    """What of an exchange is FastCGI alone, without pool, limits, deadlines and statistics."""
    request, answer = (workshop.directory / name for name in ("request", "answer"))
    costs = [workshop.layer_cost(request, answer, 200_000) for _ in range(3 if short else 9)]
    parts = [median(each[part] for each in costs) for part in ("encode", "plan", "parse")]
    total = round(sum(parts) / 1000, 2)
    yield Figure("of it encode, state and parse", total, 0.40, "us", Kind.TIME,
                 "%d + %d + %d ns" % tuple(parts))


def load_time(workshop, runs):
    times = [workshop.host("load_time", workshop.directory / "libgateway.so.0")["load"]
             for _ in range(runs)]
    yield Figure("load time of libgateway.so", round(median(times) / 1000, 2), 6, "ms", Kind.TIME,
                 f"{min(times) / 1000:.2f} to {max(times) / 1000:.2f} in {runs} processes")
