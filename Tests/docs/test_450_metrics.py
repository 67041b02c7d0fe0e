# SPDX-License-Identifier: Apache-2.0
"""Each metric of SetHandler gateway-status is in the table of module/README.md, with its labels."""

import re

from documents import OPERATORS, ROOT, code, rows, section

SOURCES = [ROOT / "module" / name for name in ("gateway_status.c", "gateway_status_metrics.c")]
METRIC = re.compile(r"gateway_[a-z_]+")


def told():
    """The labels of each metric."""
    for row in rows(section(OPERATORS, 2, "Metrics")):
        if METRIC.fullmatch(code(row[0])[0]):
            for name in code(row[0]):
                yield name, set(code(row[1]))


def test_each_is_told():
    text = "".join(each.read_text() for each in SOURCES)
    written = set(re.findall(r'"(gateway_[a-z_]+)["{]', text))
    assert len(written) > 15
    assert written == dict(told()).keys()


def test_labels():
    labels = dict(told())
    text = SOURCES[1].read_text()
    for name, written in re.findall(r'"(gateway_[a-z_]+)\{(.*?)\}', text):
        assert labels[name] == set(re.findall(r"(\w+)=", written)), name
    of_process = re.search(r'"%s\{(application=.*?)\}', text).group(1)
    for name in labels:
        if name.startswith("gateway_process_"):
            assert labels[name] == set(re.findall(r"(\w+)=", of_process)), name
