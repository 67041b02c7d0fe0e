# SPDX-License-Identifier: Apache-2.0
"""Every directive of the module has its place in module/README.md, and every place a directive."""

import re

import pytest
from documents import OPERATORS, ROOT, blocks, code, rows, sections

# An entry of a command_rec: the directive, and where it may stand.
DIRECTIVE = re.compile(r'AP_INIT_\w+\("<?(\w+)"(.*?)(?=AP_INIT_|\{ NULL)', re.S)
EVERYWHERE = ["server", "virtual host", "directory", ".htaccess"]
PLACES = {
    "RSRC_CONF": {"server", "virtual host"},
    "ACCESS_CONF": {"directory"},
    "OR_AUTHCFG": {"directory", ".htaccess"},
    "OR_FILEINFO": set(EVERYWHERE),
    "OR_INDEXES": set(EVERYWHERE),
    "OR_LIMIT": {"directory", ".htaccess"},
    "OR_OPTIONS": set(EVERYWHERE),
    "OR_ALL": set(EVERYWHERE),
}


# Of the main server alone: the code says so, not the entry.
SERVER = {"GatewayApplication", "GatewayRuntimeDir", "GatewaySupervisor"}


def declared():
    for file in sorted((ROOT / "module").glob("*.c")):
        for name, entry in DIRECTIVE.findall(file.read_text()):
            places = set().union(*(PLACES[each] for each in PLACES if each in entry.split('"')[0]))
            if name in SERVER:
                places = {"server"}
            yield name, ", ".join(each for each in EVERYWHERE if each in places)


DECLARED = dict(declared())
DESCRIBED = {name: text for name, text in sections(OPERATORS, 3) if not name.startswith("From ")}


def test_there_are_some():
    assert {"ProxyFCGIBackendType", "GatewayCapacity"} <= DECLARED.keys()


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_it_is_described(name):
    about = {row[0]: row[1] for row in list(rows(DESCRIBED[name]))[:3]}
    assert code(about["syntax"])[0].split()[0].lstrip("<") == name
    assert about["default"]
    # What AllowOverride has to allow stands behind it.
    assert re.sub(r" \(\w+\)$", "", about["context"]) == DECLARED[name]


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_it_has_an_example(name):
    examples = (each.text for each in blocks(OPERATORS, "apache") if each.name == name)
    assert re.search(r"^\s*<?%s " % name, next(examples), re.M)


def test_nothing_is_described_that_is_not_there():
    named = {name for name in DESCRIBED if re.match(r"(Gateway|ProxyFCGI)\w+$", name)}
    assert named <= DECLARED.keys()
    used = set(re.findall(r"\b(?:Gateway|ProxyFCGI)[A-Z]\w+", OPERATORS.read_text()))
    assert used - {"GatewayBackend"} <= DECLARED.keys()
