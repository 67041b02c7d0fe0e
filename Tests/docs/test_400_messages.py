# SPDX-License-Identifier: Apache-2.0
"""Each message of the error log that is worth a line is in the table of module/README.md, each
switch of the environment and each note of the access log in theirs."""

import re

from documents import OPERATORS, ROOT, code, rows, section

MODULE = sorted((ROOT / "module").glob("*.c"))
LIBRARY = sorted((ROOT / "Sources").rglob("*.swift"))
# One call that logs, up to its number.
LOGGED = re.compile(r"ap_log_\w+\(APLOG_MARK, (\w+),[^;]*?APLOGNO\((\d+)\)")
QUIET = {"APLOG_DEBUG", "APLOG_TRACE1", "APLOG_TRACE8"}


def text_of(files):
    return "\n".join(file.read_text() for file in files)


def numbers_in(rows_of_table):
    return {number for row in rows_of_table for number in re.findall(r"(?:GW|AH)\d+", row[0])}


TOLD = numbers_in(rows(section(OPERATORS, 2, "Troubleshooting")))
TAGS = set(re.findall(r'"(GW\d{4}):? ?', text_of(MODULE + LIBRARY)))


def test_every_tag():
    assert {"GW0001", "GW1001"} <= TAGS
    assert TAGS == {number for number in TOLD if number.startswith("GW")}


def test_every_number_that_is_logged():
    logged = {"AH" + number for level, number in LOGGED.findall(text_of(MODULE))
              if level not in QUIET}  # fmt: skip
    assert {"AH01075", "AH02454"} <= logged
    assert logged <= TOLD
    known = {"AH" + number for number in re.findall(r"APLOGNO\((\d+)\)", text_of(MODULE))}
    assert {number for number in TOLD if number.startswith("AH")} <= known


def test_the_words_of_the_messages():
    """What a row quotes behind its number is in the sources, so that a search finds it."""
    sources = re.sub(r'"\s*"|\\"', "", text_of(MODULE + LIBRARY))
    for row in rows(section(OPERATORS, 2, "Troubleshooting")):
        quoted = re.sub(r"^(GW|AH)\d+ ", "", row[0])
        if quoted == row[0] or "(reading input brigade)" in quoted:
            continue
        for part in re.split(r" ?\.\.\. ?|: |, others| \((?:body|head|send)\)", quoted):
            assert part in sources or part.replace("-", "") in sources.lower(), row[0]


def test_every_switch():
    read = set(re.findall(r'subprocess_env, "([a-z_-]+)"\)', text_of(MODULE)))
    told = {code(row[0])[0] for row in rows(section(OPERATORS, 2, "Environment"))}
    assert "proxy-sendcl" in read
    # mod_proxy itself looks at the last one.
    assert told == read | {"no-proxy"}


def test_every_note():
    noted = set(re.findall(r'(?:note|note_number)\(r, "(gateway-[a-z-]+)"', text_of(MODULE)))
    told = {code(row[0])[0] for row in rows(section(OPERATORS, 2, "Logs and status"))}
    assert "gateway-outcome" in noted
    assert told == noted
