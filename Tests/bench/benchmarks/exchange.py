# SPDX-License-Identifier: Apache-2.0
"""Processor time of one small request without its input and output."""

from statistics import median

from .figure import Figure, Kind

METHOD = """the same request as in cpu, with writev and recv replaced by functions that answer from
memory (memory_transport.c): what is left is the library's own work, the host's 32 calls of it, and
the clock. The time of bare_loop.c on the same functions is taken off."""


def measure(workshop, short):
    rounds, count = (3, 200_000) if short else (9, 500_000)
    with workshop.application("responder", "unix") as (_, address):
        request, answer = workshop.recorded_exchange(address)
        replaced = {"preload": ["memory_transport"], "ANSWER_FILE": str(answer)}
        library, bare = [], []
        for _ in range(rounds):
            library.append(total(workshop.host(
                "small_requests", address, "GET", count, "ignore", **replaced)))
            bare.append(total(workshop.host(
                "bare_loop", address.removeprefix("unix:"), request, count, **replaced)))
    yield Figure("bare loop, taken off", round(median(bare) / 1000, 3), unit="us", kind=Kind.TIME)
    yield Figure("encode, parse, state and clock",
                 round((median(library) - median(bare)) / 1000, 3), 0.5, "us", Kind.TIME)


def total(figures):
    return figures["user"] + figures["system"]
