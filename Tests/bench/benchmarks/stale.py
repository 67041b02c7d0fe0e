# SPDX-License-Identifier: Apache-2.0
"""Kept connections that the application closes at the worst moment."""

from .figure import Figure
from .workshop import MeasurementFailed, numbers

METHOD = """16 threads share one backend, half GET, half POST, and pause 0 to 5 ms between requests;
the application closes each kept connection 0 to 5 ms after an answer, on half of the occasions
without looking whether a request has come, and runs some of those on used connections without an
answer (fickle_application.c). It counts how often each request ran. A POST may be lost, which the
host then is told, but never run twice."""


def measure(workshop, short):
    count = 6_000 if short else 20_000
    for transport in ("unix", "tcp"):
        with workshop.application("fickle_application", transport, count) as (application, address):
            host = workshop.host("stale_connections", address, count)
            seen = numbers(application.communicate()[0])
        if host["reused"] == 0 or host["retried"] == 0:
            raise MeasurementFailed("no connection was reused, or none was dead when it was")
        yield Figure(f"{count} over {transport}: GET lost", host["lost_gets"], 0,
                     note=f"{host['reused']} reused, {host['retried']} sent again")
        yield Figure(f"{count} over {transport}: GET answered, not run", seen["unrun_gets"], 0)
        yield Figure(f"{count} over {transport}: POST run twice", seen["doubled_posts"], 0)
        yield Figure(f"{count} over {transport}: wrong answers", host["wrong_answers"], 0)
        yield Figure(f"{count} over {transport}: POST ended otherwise than told",
                     abs(seen["unrun_posts"] + seen["unanswered_posts"] - host["failed_posts"]), 0,
                     note=f"{seen['unrun_posts']} not run, {seen['unanswered_posts']} not answered")
