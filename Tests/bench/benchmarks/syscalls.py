# SPDX-License-Identifier: Apache-2.0
"""System calls of one small request."""

import re

from .figure import Figure
from .workshop import MeasurementFailed

METHOD = """strace without a filter around a host that makes small requests on a kept connection;
all calls between entering and leaving gateway_handle count, but those for memory and the clock. The
figure is that of the dearest request."""

NOT_COUNTED = {"mmap", "munmap", "mremap", "madvise", "mprotect", "brk", "clock_gettime"}
CALL = re.compile(r"^(?:\d+ +)?(\w+)\((.*)")

CASES = [
    # transport, method, how SIGPIPE is kept away, most calls
    ("unix", "GET", "ignore", 2),
    ("unix", "GET", "raise", 2),
    ("unix", "POST", "ignore", 3),
    ("tcp", "GET", "ignore", 3),
    ("tcp", "POST", "ignore", 4),
]


def measure(workshop, short):
    count = 100 if short else 1000
    for transport, method, sigpipe, bound in CASES:
        trace = workshop.directory / "trace"
        with workshop.application("responder", transport) as (_, address):
            workshop.host("small_requests", address, method, count, sigpipe, "mark",
                          wrapper=["strace", "-f", "-o", trace])
        requests = calls_by_request(trace.read_text())
        if len(requests) < count:
            raise MeasurementFailed(f"{len(requests)} of {count} requests are in the trace")
        # The first ones belong to no kept connection yet.
        dearest = max(requests[-count:], key=len)
        if method == "POST" and any(calls[0] != "recvfrom" for calls in requests[-count:]):
            raise MeasurementFailed("a POST was sent without a look at its connection")
        yield Figure(f"{method}, kept {transport}, SIGPIPE {sigpipe}d".replace("raised", "unknown"),
                     len(dearest), bound, note=" ".join(dearest))


def calls_by_request(trace):
    """For each request of a trace the calls made for it."""
    requests, calls = [], None
    for line in trace.splitlines():
        match = CALL.match(line)
        if match is None:
            continue
        name, rest = match.groups()
        if rest.startswith('-1, "begin"'):
            calls = []
        elif rest.startswith('-1, "end"'):
            requests.append(calls)
            calls = None
        elif calls is not None and name not in NOT_COUNTED:
            calls.append(name)
    return requests
