# SPDX-License-Identifier: Apache-2.0
"""Each option that a program knows is in its manual, and no other."""

import re
import subprocess

import pytest
from documents import ROOT

RELEASE = ROOT / ".build" / "release"
PROGRAMS = {"gateway-get": [[]], "gateway-supervisor": [["run"], ["status"], ["reload"], ["stop"]]}


def options(program, words):
    done = subprocess.run(
        [RELEASE / program, *words, "--help"], check=True, stdout=subprocess.PIPE, text=True
    )
    return set(re.findall(r"^ *(?:-\w, )?--([\w-]+)", done.stdout, re.M))


def manual(program):
    text = (ROOT / "module" / "packaging" / (program + ".1")).read_text()
    # A line of .Fl may name several, with commas between.
    flags = re.findall(r"\.?\bFl (.*)", text)
    return {name for line in flags for name in re.findall(r"(?:^|, |Fl )-([a-z][\w-]+)", line)}


@pytest.mark.parametrize("program", PROGRAMS)
def test_options(program):
    known = set().union(*(options(program, words) for words in PROGRAMS[program]))
    assert {"help", "version"} <= known
    assert manual(program) == known - {"help", "version"}
