# SPDX-License-Identifier: Apache-2.0
"""A row of the table: a fault, what is right, and the same for every column at once."""

import itertools
from collections import Counter, namedtuple
from concurrent.futures import ThreadPoolExecutor

from scripts import body_of

# Which fault, on which road, and what is right: see whole, refused and broken; in httpd, where that
# is something else.
Case = namedtuple("Case", "fault right road method body in_httpd",
                  defaults=["unix", "GET", b"", None])  # fmt: skip
# ending: what comes of the connection, "reused", "closed" by the gateway or "left" by the
# application. runs: how often the application is asked.
Right = namedtuple("Right", "kind outcome status ending runs")

# Of a row: more would be most of the time, since stock often leaves a client without an end.
STOCK_CASES = 4

SERIAL = itertools.count(1)


def query_of(fault):
    """A query of its own; one fault's are of one length."""
    return "fault=%s&n=%07d" % (fault, next(SERIAL))


def whole(ending="reused", runs=1):
    """The whole answer and nothing else."""
    return Right("whole", "complete", 200, ending, runs)


def refused(outcome, status=502, ending="closed", runs=1):
    """An error in the place of an answer."""
    return Right("refused", outcome, status, ending, runs)


def broken(outcome, ending="closed"):
    """The answer's beginning, visibly cut; or an error, where none of it was passed on."""
    return Right("broken", outcome, 504 if outcome == "timed-out" else 502, ending, 1)


def describe(seen, query):
    if seen is None:
        return "no end"
    if seen.cut:
        return "cut"
    if seen.status != 200:
        return str(seen.status)
    return "right" if seen.body == body_of(query) else "WRONG BODY" if seen.body else "EMPTY"


def is_right(right, seen, query):
    body, is_error = body_of(query), not seen.cut and seen.status == right.status
    if right.kind == "whole":
        return is_error and seen.body == body
    if right.kind == "refused":
        return is_error
    # What came of the body is its beginning, or more, where a record was made longer.
    begins = body.startswith(seen.body) or seen.body.startswith(body)
    return seen.cut and begins or is_error


def right_for(column, case):
    return case.in_httpd if case.in_httpd and column.is_server else case.right


def check(right, seen, query, ending, runs):
    """What is not as it should be; None where all is."""
    if seen is None or not is_right(right, seen, query):
        return "seen %s, not %s" % (seen, right[:3])
    is_as_it_should = (seen.outcome, ending, runs) == (right.outcome, right.ending, right.runs)
    said = "%s, %s, %d runs, not %s" % (seen.outcome, ending, runs, right[1:])
    return None if is_as_it_should else said


class Table:
    def __init__(self, application, columns):
        self.application, self.columns = application, columns
        self.rows = {}

    def row(self, title, *cases, play=None, only=None):
        """Runs the cases one after the other, in all columns at once. play: how, else play; only:
        which columns."""
        columns = [column for column in self.columns if only is None or only(column)]
        with ThreadPoolExecutor(len(columns)) as pool:
            running = [pool.submit(self.run, column, cases, play or self.play)
                       for column in columns]  # fmt: skip
        faults = []
        for column, ran in zip(columns, running):
            cells, wrong = ran.result()
            self.note(title, column.name, cells)
            if not column.is_stock:
                faults += ["%s: %s" % (column.name, one) for one in wrong]
        assert not faults, "\n".join(faults)
        assert not self.application.violations

    def note(self, title, name, cells):
        counts = Counter(cells)
        words = ["%d x %s" % (n, cell) if len(cells) > 1 else cell for cell, n in counts.items()]
        self.rows.setdefault(title, {})[name] = "; ".join(words)

    def run(self, column, cases, play):
        cells, wrong = [], []
        if column.is_stock:
            cases = cases[:: len(cases) // STOCK_CASES + 1]
        for case in cases:
            cell, fault = play(column, case)
            cells.append(cell)
            if fault:
                wrong.append("%s: %s" % (case.fault if case else "", fault))
        return cells, wrong

    def play(self, column, case):
        """One fault, and a well-behaved request behind it."""
        query = query_of(case.fault)
        behind = query_of("last")
        with column.visit(case.road) as ask:
            seen = patiently(ask, query, case.method, case.body)
            talks = self.talks(column, case, query)
            for talk in talks:
                talk.stopped.set()
            if talks and "later" in talks[-1].options:
                talks[-1].sent.wait(5)
            after = patiently(ask, behind) if talks else None
        for talk in self.application.talks(behind):
            talk.ended.wait(5)
        if column.is_stock:
            ending = talks[-1].ending if talks else "-"
        else:
            ending = talks[-1].what_became() if talks else "-"
        cell = "%s, %s" % (describe(seen, query), ending or "open")
        next_cell = describe(after, behind) if talks else "right"
        if next_cell != "right":
            cell += ", next " + next_cell
        fault = check(right_for(column, case), seen, query, ending, len(talks))
        if next_cell != "right":
            fault = "the next answer is " + next_cell
        return cell, fault

    def talks(self, column, case, query):
        """What the application has seen of it, which may be after the answer."""
        if right_for(column, case).runs and not column.is_stock:
            self.application.wait_for(query)
        return self.application.talks(query)

    def lines(self):
        """A line for each row; a cell that is as that before it is a ditto."""
        names = [column.name for column in self.columns]
        rows = [["fault", *names]]
        for title, cells in self.rows.items():
            shown = [cells.get(name, "-") for name in names]
            same = [b if a != b else '"' for a, b in zip([None, *shown], shown)]
            rows.append([title, *same])
        widths = [max(len(row[at]) for row in rows) + 2 for at in range(len(names) + 1)]
        return ["".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
                for row in rows]  # fmt: skip


def patiently(ask, *arguments):
    """None where no end comes."""
    try:
        return ask(*arguments)
    except (TimeoutError, ValueError, ConnectionError):
        return None
