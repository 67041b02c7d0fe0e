# SPDX-License-Identifier: Apache-2.0
"""Processor time of one small request without its input and output."""

from statistics import median

from .figure import Figure, Kind

METHOD = """the same request as in cpu. First the FastCGI layer alone (fastcgi-cost): params are
encoded, writes planned, the answer parsed. Then the whole library, with writev and recv replaced by
functions that answer from memory (memory_transport.c): what is left is its own work, pool, retry,
deadlines and statistics included, the host's 32 calls of it, and the clock; the time that
bare_loop.c takes on the same functions is taken off."""


def measure(workshop, short):
    rounds, count = (3, 200_000) if short else (9, 500_000)
    with workshop.application("responder", "unix") as (_, address):
        request, answer = workshop.recorded_exchange(address)
        replaced = {"preload": ["memory_transport"], "ANSWER_FILE": str(answer)}
        library, bare, layer = [], [], []
        for _ in range(rounds):
            library.append(total(workshop.host(
                "small_requests", address, "GET", count, "ignore", **replaced)))
            layer.append(workshop.layer_cost(request, answer, count))
            bare.append(total(workshop.host(
                "bare_loop", address.removeprefix("unix:"), request, count, **replaced)))
    yield Figure("bare loop, taken off", round(median(bare) / 1000, 3), unit="us", kind=Kind.TIME)
    parts = [median(each[part] for each in layer) for part in ("encode", "plan", "parse")]
    yield Figure("encode, state and parse", round(sum(parts) / 1000, 3), 0.5, "us", Kind.TIME,
                 "%d + %d + %d ns" % tuple(parts))
    yield Figure("whole library without input and output",
                 round((median(library) - median(bare)) / 1000, 3), unit="us", kind=Kind.TIME)


def total(figures):
    return figures["user"] + figures["system"]
