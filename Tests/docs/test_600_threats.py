# SPDX-License-Identifier: Apache-2.0
"""Each line of the threat model names a test that is there."""

import re

from documents import ROOT

MODEL = ROOT / "module" / "packaging" / "threat-model.md"
PLACES = (ROOT / "Tests", ROOT)


def test_each_line_has_its_test():
    lines = [line for line in MODEL.read_text().splitlines() if line.startswith("| ")]
    threats = [line for line in lines if not re.match(r"\| (---|it cannot)", line)]
    assert len(threats) > 15
    for line in threats:
        named = re.findall(r"`([\w/+.-]+)`", line.rsplit("|", 2)[1])
        assert named, line
        for name in named:
            assert any((place / name).exists() for place in PLACES), name
