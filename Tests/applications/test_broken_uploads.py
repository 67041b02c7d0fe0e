# SPDX-License-Identifier: Apache-2.0
"""Uploads that break off: the table of broken_uploads.md, measured again."""

import applications
import pytest
from broken_uploads import ENDINGS, Witness, break_off, wait_until_free

TABLE = applications.HERE / "broken_uploads.md"
# A thread of flup's that reads waits for the end of STDIN, and for nothing else.
NEVER_FREE = {"flup-multiplexed"}


def written():
    """The table: the cells of each application by ending."""
    rows = [line.strip("|").split("|") for line in TABLE.read_text().splitlines() if "|" in line]
    head, _, *rows = [[cell.strip() for cell in row] for row in rows]
    return {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in rows}


def measured(running):
    cells = {}
    for number, ending in enumerate(ENDINGS):
        witness = Witness(running.place.directory, "witness-%d" % number)
        saw, came, is_free = break_off(running, ending, witness)
        cells[ending] = "%s; %s; %s" % (saw, came, "at once" if is_free else "held")
        wait_until_free(running)
    return cells


@pytest.mark.parametrize("name", applications.NAMES)
def test_the_table_is_right(name):
    with applications.start(name, "unix", concurrency=1) as running:
        assert measured(running) == written()[name]


def test_the_table_has_every_application():
    assert tuple(written()) == applications.NAMES


def test_abort_and_half_close_is_the_right_way():
    """No application takes a part for the whole, and all that can be are free at once."""
    for name, cells in written().items():
        for ending, cell in cells.items():
            saw, _, how_soon = cell.split("; ")
            assert saw != "a whole body", (name, ending)
            if ending == "ABORT_REQUEST and half-close":
                assert how_soon == ("held" if name in NEVER_FREE else "at once"), name
