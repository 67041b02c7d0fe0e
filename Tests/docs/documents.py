# SPDX-License-Identifier: Apache-2.0
"""What the documents hold that can be tried: fenced blocks, tables, headings."""

import re
from collections import namedtuple

from processes import ROOT

README = ROOT / "README.md"
OPERATORS = ROOT / "module" / "README.md"
GUIDE = ROOT / "module" / "packaging" / "guide.md"

# name: what stands behind the language, or the heading above.
Block = namedtuple("Block", "language name text")

FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.M | re.S)
CELL = re.compile(r"(?<!\\)\|")
CODE = re.compile(r"(?<!`)`([^`]+)`")


def blocks(path, language):
    """The fenced blocks in a language, in order."""
    text = path.read_text()
    for match in FENCE.finditer(text):
        if match.group(1) == language:
            headings = re.findall(r"^#+ (.*)$", text[: match.start()], re.M)
            yield Block(language, match.group(2) or headings[-1], match.group(3))


def block(path, language, name):
    (found,) = (each for each in blocks(path, language) if each.name == name)
    return found.text


def sections(path, level):
    """The text below each heading of a level, up to the next one that is not deeper."""
    text = re.sub(FENCE, lambda fenced: fenced.group().replace("\n#", "\n\\#"), path.read_text())
    marks = list(re.finditer(r"^(#+) (.*)$", text, re.M))
    for number, mark in enumerate(marks):
        if len(mark.group(1)) == level:
            behind = (m.start() for m in marks[number + 1 :] if len(m.group(1)) <= level)
            yield mark.group(2), text[mark.end() : next(behind, len(text))]


def section(path, level, name):
    return dict(sections(path, level))[name]


def rows(text):
    """The cells of each row of the tables in text, without their headings."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    for number, line in enumerate(lines):
        is_heading = number + 1 < len(lines) and lines[number + 1].startswith("| ---")
        if not is_heading and not line.startswith("| ---"):
            yield [cell.strip().replace("\\|", "|") for cell in CELL.split(line)[1:-1]]


def code(cell):
    """The code of a cell, in order."""
    return CODE.findall(cell)
