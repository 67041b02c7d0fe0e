# SPDX-License-Identifier: Apache-2.0
"""Exchanges that never wait, many of them in one thread."""

import contextlib

from .figure import Figure, Kind

METHOD = """slow_and_fast.c is an event-driven host in one thread: one slow request and fast ones of
5 ms, which arrive at 300 a second whatever became of those before, on 4 applications that are one
process with one thread each (single_process.c); a fast one's time counts from when it was due to
arrive. Around each call of the library it reads the thread's processor time. many_in_flight.c has
many exchanges in one thread at once, with a receive buffer of 16384 bytes, against an application
that answers none before all are there (late_application.c): the growth of VmRSS from before they
were opened, with the requests made already, for each; and the descriptors afterwards."""

PROCESSES = 4
SLOW_LONG, FAST_LONG, SLOW_SHORT, FAST_SHORT = 5000, 1000, 1000, 200
FAST_MS, RATE = 5, 300
MAX_KIB = {"connected": 16, "queued": 4}


def measure(workshop, short):
    yield from slow_and_fast(workshop, short)
    for state in MAX_KIB:
        yield from many_in_flight(workshop, state, 1_000 if short else 10_000)


def slow_and_fast(workshop, short):
    slow, count = (SLOW_SHORT, FAST_SHORT) if short else (SLOW_LONG, FAST_LONG)
    with contextlib.ExitStack() as running:
        addresses = [
            running.enter_context(workshop.application("single_process", "tcp"))[1]
            for _ in range(PROCESSES)]
        host = workshop.host("slow_and_fast", " ".join(addresses), slow, FAST_MS, count, RATE)
    yield Figure(f"1 of {slow} ms and {count} of {FAST_MS} ms: lost", host["lost"], 0)
    yield Figure("fast ones, 99th percentile", host["fast_p99"], None if short else 50, "ms",
                 Kind.TIME, f"median {host['fast_p50']} ms; the slow one {host['slow']} ms")
    yield Figure("processor time of a call, 99.9th percentile", host["call_p999"], 1000, "us",
                 Kind.TIME, f"{host['calls']} calls, at most {host['call_max']} us")


def many_in_flight(workshop, state, count):
    with workshop.application("late_application", "unix") as (_, address):
        host = workshop.host("many_in_flight", address, count, state)
    note = f"{count} asked for, RLIMIT_NOFILE allows fewer" if host["count"] < count else ""
    yield Figure(f"{host['count']} {state}: memory of each", host["each"], MAX_KIB[state], "KiB",
                 note=note)
    yield Figure(f"{host['count']} {state}: lost", host["lost"], 0)
    yield Figure(f"{host['count']} {state}: descriptors left", host["descriptors"], 0)
