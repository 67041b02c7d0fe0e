# SPDX-License-Identifier: Apache-2.0
"""Requests that wait for their turn, and what is left of many."""

from . import capacity, hang_up
from .figure import Figure, Kind
from .workshop import numbers

METHOD = f"""waiting_line.c has 256 requests at a backend at a time, in 256 threads that block or in
one that never does, with max_active 8; counting_application.c, which would run all of them, records
how many it had at most. Then 256 arrive one by one at max_active 1, where the application sees
whether they come in that order; and 2 more than one that runs and a queue_length of 10.
mixed_outcomes.c opens the library, has requests end in every way, and closes it, twice: what the
process holds after the second time more than after the first, in the heap's own count (mallinfo2)
and by VmRSS. {hang_up.METHOD} {capacity.METHOD}"""

WAITERS, ACTIVE, QUEUE = 256, 8, 10
MIXED_SECONDS = 120


def measure(workshop, short):
    yield from limits(workshop, 20 if short else 100)
    yield from orders(workshop)
    yield from full_queue(workshop)
    yield from mixed_outcomes(workshop, 5_000 if short else 100_000)
    yield from hang_up.measure(workshop, 100 if short else 1_000)
    yield from capacity.measure(workshop, *((480, 1) if short else (2_400, 4)))


def waiting_line(workshop, *arguments):
    """What the host and the application count together."""
    with workshop.application("counting_application", "unix") as (application, address):
        host = workshop.host("waiting_line", address, *arguments)
        return host | numbers(application.communicate()[0])


def limits(workshop, rounds):
    for mode in ("threads", "loop"):
        seen = waiting_line(workshop, mode, WAITERS, rounds, ACTIVE)
        total = WAITERS * rounds
        yield Figure(f"{WAITERS} by {mode}, max_active {ACTIVE}: at once", seen["peak"], ACTIVE)
        yield Figure(f"{total} by {mode}: not served", total - seen["completed"], 0)


def orders(workshop):
    for mode in ("threads", "loop"):
        seen = waiting_line(workshop, mode + "-in-order", WAITERS)
        yield Figure(f"{WAITERS} one by one, by {mode}: out of order",
                     seen["disordered"] + WAITERS - seen["completed"], 0)


def full_queue(workshop):
    seen = waiting_line(workshop, "full", QUEUE)
    yield Figure(f"queue_length {QUEUE}: 2 too many, not refused", 2 - seen["overloaded"], 0)
    yield Figure(f"queue_length {QUEUE}: the others, not served",
                 QUEUE + 1 - seen["completed"], 0)
    yield Figure("both refused after", seen["refused_after"], 10, "ms", Kind.TIME)


def mixed_outcomes(workshop, count):
    nobody = f"unix:{workshop.directory}/nobody"
    with workshop.application("counting_application", "unix") as (_, address):
        host = workshop.host("mixed_outcomes", address, nobody, count, seconds=MIXED_SECONDS)
    kinds = ", ".join(f"{host[kind]} {kind.replace('_', ' ')}" for kind in (
        "complete", "cancelled", "timed_out", "refused", "overloaded"))
    yield Figure(f"{count} mixed ones: ended otherwise", host["wrong"], 0, note=kinds)
    yield Figure(f"{count} mixed ones: descriptors left", host["descriptors"], 0)
    yield Figure(f"{count} mixed ones: heap grown", host["heap"], 8192, "bytes")
    yield Figure(f"{count} mixed ones: VmRSS grown", host["resident"], 512, "KiB")
