# SPDX-License-Identifier: Apache-2.0
"""What the tables for those who move here say on their right side is configuration of httpd."""

import re

import pytest
from documents import OPERATORS, code, rows, section

TABLES = ["From mod_proxy_fcgi", "From mod_fcgid", "From nginx"]
BALANCER = '<Proxy "balancer://example">\n%s</Proxy>\n'
# Directives that stand where a file or a path is looked at.
INNER = {"SetHandler", "CGIPassAuth"}


def lines_of(cell):
    """The lines of configuration in a cell; words such as a parameter's name are none."""
    return [each for each in code(cell) if re.match(r"<?[A-Z]\w+ ", each)]


def as_file(lines):
    text = ""
    for line in lines:
        word = line.split()[0].lstrip("<")
        if line.startswith("<"):
            line += "\n</%s>" % word
        if word in ("BalancerMember", "ProxySet"):
            member = "" if word == "BalancerMember" else 'BalancerMember "fcgi://localhost:1"\n'
            line = BALANCER % (member + line + "\n")
        elif word in INNER:
            line = '<Location "/">\n%s\n</Location>' % line
        elif word == "RewriteRule":
            continue
        text += line + "\n"
    return text


def cases():
    for table in TABLES:
        for row in rows(section(OPERATORS, 3, table)):
            lines = lines_of(row[-1])
            if lines:
                yield table, row[0], lines


CASES = list(cases())


@pytest.mark.parametrize("table, left, lines", CASES, ids=[case[1] for case in CASES])
def test_httpd_takes_it(examples, table, left, lines):
    assert examples.fault(as_file(lines)) is None


def test_the_tables_are_read():
    counts = {table: sum(case[0] == table for case in CASES) for table in TABLES}
    assert counts["From mod_proxy_fcgi"] >= 4
    assert counts["From mod_fcgid"] >= 7
    assert counts["From nginx"] >= 25
