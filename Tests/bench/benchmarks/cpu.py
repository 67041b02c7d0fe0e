# SPDX-License-Identifier: Apache-2.0
"""Processor time of one small request beside the least that it can be."""

from statistics import median

from .figure import Figure, Kind

METHOD = """user and system time (getrusage) per small request on a kept Unix connection, host on
the first core, application on the second; 30 params encoded and the head parsed each time. Beside
it bare_loop.c, which sends the same bytes, encoded already, with one writev and receives with one
recv. Pairs take turns; the figure is the median of their ratios."""


def measure(workshop, short):
    pairs, count = (5, 10_000) if short else (9, 50_000)
    with workshop.application("responder", "unix") as (_, address):
        request, _ = workshop.recorded_exchange(address)
        path = address.removeprefix("unix:")
        library, bare = [], []
        for _ in range(pairs):
            library.append(total(workshop.host(
                "small_requests", address, "GET", count, "ignore")))
            bare.append(total(workshop.host("bare_loop", path, request, count)))
    yield Figure("library", round(median(library) / 1000, 2), unit="us", kind=Kind.TIME)
    yield Figure("bare loop", round(median(bare) / 1000, 2), unit="us", kind=Kind.TIME)
    ratio = median(ours / theirs for ours, theirs in zip(library, bare))
    yield Figure("library / bare loop", round(ratio, 3), 1.10, kind=Kind.TIME,
                 note=f"{pairs} pairs of {count} requests")


def total(figures):
    return figures["user"] + figures["system"]
