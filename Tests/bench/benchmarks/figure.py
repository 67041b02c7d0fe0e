# SPDX-License-Identifier: Apache-2.0
"""What a benchmark found."""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    COUNT = "count"  # the same on every machine
    TIME = "time"  # depends on the machine and on what else runs there


@dataclass
class Figure:
    """A number, with the most that it may be; without a bound it only informs."""

    name: str
    value: int | float
    bound: int | float | None = None
    unit: str = ""
    kind: Kind = Kind.COUNT
    note: str = ""

    @property
    def holds(self):
        return self.bound is None or self.value <= self.bound

    def __str__(self):
        unit = f" {self.unit}" if self.unit else ""
        text = f"{self.name:<46} {self.value:>9,}{unit}"
        if self.bound is not None:
            text += f", at most {self.bound:,}: {'ok' if self.holds else 'MISSED'}"
        return text + (f"  ({self.note})" if self.note else "")
