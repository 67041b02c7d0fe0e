# SPDX-License-Identifier: Apache-2.0
"""What groups of processes hold, looked at once a second."""

import re
import threading
import time
from pathlib import Path
from statistics import median

SHARED = re.compile(r"^(\w+)-(\w+) ...s \w+ (\S+) ([1-9]\d*) +(/memfd:|/dev/zero|/dev/shm|/SYSV)")


class Sampler(threading.Thread):
    """Keeps what `groups` names: it answers a mapping of names to lists of process ids.

    `series` maps "GROUP: WHAT" to a value for each of `seconds`.
    """

    def __init__(self, groups):
        super().__init__(daemon=True)
        self.groups, self.series, self.seconds = groups, {}, []
        self.is_over = threading.Event()

    def run(self):
        begun = time.monotonic()
        while not self.is_over.wait(1):
            seen = {}
            for group, pids in self.groups().items():
                for what, value in sample(pids).items():
                    seen[f"{group}: {what}"] = value
            self.seconds.append(time.monotonic() - begun)
            for name, value in seen.items():
                self.series.setdefault(name, []).append(value)

    def stop(self):
        self.is_over.set()
        self.join()

    def growth(self):
        """For each line the medians of its second and of its last third."""
        third = len(self.seconds) // 3
        for name, values in self.series.items():
            yield name, median(values[third:-third]), median(values[-third:])


def sample(pids):
    """Sums of all the processes that are still there."""
    sums = {"processes": 0, "threads": 0, "descriptors": 0, "memory, KiB": 0, "shared, KiB": 0}
    segments = {}
    for pid in pids:
        place = Path(f"/proc/{pid}")
        try:
            threads = len(list((place / "task").iterdir()))
            descriptors = len(list((place / "fd").iterdir()))
            rollup = (place / "smaps_rollup").read_text()
            maps = (place / "maps").read_text()
        except OSError:
            continue
        sums["processes"] += 1
        sums["threads"] += threads
        sums["descriptors"] += descriptors
        sums["memory, KiB"] += int(re.search(r"^Pss: *(\d+)", rollup, re.M)[1])
        for line in maps.splitlines():
            if match := SHARED.match(line):
                begin, end, device, inode, _ = match.groups()
                segments[device, inode, begin] = int(end, 16) - int(begin, 16)
    sums["shared, KiB"] = sum(segments.values()) // 1024
    return sums
