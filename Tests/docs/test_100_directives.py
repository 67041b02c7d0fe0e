# SPDX-License-Identifier: Apache-2.0
"""Every directive of the module has its place in module/README.md, and every place a directive."""

import re

import pytest
from documents import OPERATORS, ROOT, blocks, code, rows, sections

DIRECTIVE = re.compile(
    r'AP_INIT_\w+\("(\w+)",[^"]*?\b(OR_FILEINFO|RSRC_CONF|ACCESS_CONF|OR_AUTHCFG|OR_OPTIONS)\b'
)
CONTEXTS = {
    "RSRC_CONF": "server, virtual host",
    "OR_FILEINFO": "server, virtual host, directory, .htaccess",
    "OR_OPTIONS": "server, virtual host, directory, .htaccess",
    "OR_AUTHCFG": "directory, .htaccess",
    "ACCESS_CONF": "directory",
}


def declared():
    for file in sorted((ROOT / "module").glob("*.c")):
        yield from DIRECTIVE.findall(file.read_text())


DECLARED = dict(declared())
DESCRIBED = {name: text for name, text in sections(OPERATORS, 3) if not name.startswith("From ")}


def test_there_are_some():
    assert {"ProxyFCGIBackendType", "GatewayCapacity"} <= DECLARED.keys()


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_it_is_described(name):
    about = {row[0]: row[1] for row in list(rows(DESCRIBED[name]))[:3]}
    assert code(about["syntax"])[0].split()[0] == name
    assert about["default"]
    assert about["context"] == CONTEXTS[DECLARED[name]]


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_it_has_an_example(name):
    examples = (each.text for each in blocks(OPERATORS, "apache") if each.name == name)
    assert re.search(r"^\s*%s " % name, next(examples), re.M)


def test_nothing_is_described_that_is_not_there():
    named = {name for name in DESCRIBED if re.match(r"(Gateway|ProxyFCGI)\w+$", name)}
    assert named <= DECLARED.keys()
    used = set(re.findall(r"\b(?:Gateway|ProxyFCGI)[A-Z]\w+", OPERATORS.read_text()))
    assert used - {"GatewayBackend"} <= DECLARED.keys()
