# SPDX-License-Identifier: Apache-2.0
"""Runs Tests/hosts/dlopen_host, the C program that loads the library by name."""

import os
import subprocess

from built import HOSTS, RELEASE

LIBRARY = RELEASE / "libgateway.so"
HOST = HOSTS / "dlopen_host"
# Generous for what takes a second or two: an exchange that stalls until a deadline takes longer.
SECONDS = 50


class Report:
    """What dlopen_host printed: its lines by their first word."""

    def __init__(self, text):
        self.text = text
        self.lines = {}
        for line in text.splitlines():
            word, _, rest = line.partition(" ")
            self.lines.setdefault(word, []).append(rest)

    def one(self, word):
        (value,) = self.lines[word]
        return value

    @property
    def outcomes(self):
        counts = (line.split() for line in self.lines["outcome"])
        return {name: int(count) for name, count in counts}


def run_host(address, *options, wrapper=(), succeeds=True):
    """Runs it; it must exit with 0, which it does when every response is as its options say."""
    command = [*wrapper, HOST, LIBRARY, address, *options]
    done = subprocess.run(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        timeout=SECONDS,
    )
    assert (done.returncode == 0) == succeeds, done.stdout + done.stderr
    return Report(done.stdout)
