# SPDX-License-Identifier: Apache-2.0
"""Allocations of small requests in the steady state."""

from .figure import Figure
from .workshop import MeasurementFailed

METHOD = """malloc, calloc, realloc, memalign, aligned_alloc, posix_memalign and mmap are counted by
a library loaded before the others (count_allocations.c) over 1,000 small requests on a kept
connection, after 1,000 others."""


def measure(workshop, short):
    for transport, method in (("unix", "GET"), ("unix", "POST"), ("tcp", "GET")):
        with workshop.application("responder", transport) as (_, address):
            figures = workshop.host("small_requests", address, method, 1000, "ignore",
                                    preload=["count_allocations"])
        if figures["counted"] != 1 or figures["reused"] != 1000:
            raise MeasurementFailed("nothing was counted, or the connection was not kept")
        yield Figure(f"1000 x {method}, kept {transport}", figures["allocations"], 0)
