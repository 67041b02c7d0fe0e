# SPDX-License-Identifier: Apache-2.0
"""Memory while large bodies pass."""

from .figure import Figure
from .workshop import MeasurementFailed

METHOD = """1 GiB down, up from a callback, and up by gateway_exchange_write, each byte compared;
the most memory the process ever held (VmHWM), in MiB, and how many bytes more 1 GiB asks of the
heap and of mmap than 16 MiB does. What is written and not taken at once is copied: that buffer
grows with luck, up to the size of a write."""

MIB = 1 << 20
MAX_GROWTH = {"down": 0, "up": 0, "written": MIB}


def measure(workshop, short):
    for transport in ("unix",) if short else ("unix", "tcp"):
        with workshop.application("responder", transport) as (_, address):
            for way in ("down", "up", "written"):
                yield Figure(f"1 GiB {way}, {transport}: peak", peak(workshop, address, way), 32,
                             "MiB")
                growth = (allocated(workshop, address, way, 1024 * MIB)
                          - allocated(workshop, address, way, 16 * MIB))
                yield Figure(f"1 GiB {way}, {transport}: growth of allocations", growth,
                             MAX_GROWTH[way], "bytes")


def peak(workshop, address, way):
    return round(workshop.host("large_bodies", address, way, 1024 * MIB)["peak"] / 1024, 1)


def allocated(workshop, address, way, size):
    figures = workshop.host("large_bodies", address, way, size, preload=["count_allocations"])
    if figures["counted"] != 1:
        raise MeasurementFailed("nothing was counted")
    return figures["allocated"]
