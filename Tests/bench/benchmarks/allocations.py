# SPDX-License-Identifier: Apache-2.0
"""Allocations of small requests in the steady state."""

from .figure import Figure
from .workshop import MeasurementFailed

METHOD = """malloc, calloc, realloc, memalign, aligned_alloc, posix_memalign and mmap are counted by
a library loaded before the others (count_allocations.c) over 1,000 small requests on a kept
connection, after 1,000 others. "opened anew" closes the request and opens another for each."""


def measure(workshop, short):
    for transport, method, *mode in (("unix", "GET"), ("unix", "POST"), ("tcp", "GET"),
                                     ("unix", "GET", "anew")):
        with workshop.application("responder", transport) as (_, address):
            figures = workshop.host("small_requests", address, method, 1000, "ignore", *mode,
                                    preload=["count_allocations"])
        if figures["counted"] != 1 or figures["reused"] != 1000:
            raise MeasurementFailed("nothing was counted, or the connection was not kept")
        name = f"1000 x {method}, kept {transport}" + (", opened anew" if mode else "")
        yield Figure(name, figures["allocations"], 0)
