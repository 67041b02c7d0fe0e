# SPDX-License-Identifier: Apache-2.0
"""The bodies that programs/responder.c answers with."""


def pattern(size):
    """The body bytes of programs/pattern.h."""
    state, period = 1, bytearray()
    for _ in range(65521):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        period.append(state >> 24)
    return bytes(period) * (size // len(period)) + bytes(period[: size % len(period)])


MEBIBYTE = pattern(1 << 20)
SMALL = b"<!doctype html><title>small</title><p>sixty-four bytes in all.\r\n"
