# SPDX-License-Identifier: Apache-2.0
"""What include/gateway.h declares, read from its text: functions, structures, enumerators."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEADER = ROOT / "include" / "gateway.h"

STRUCTURE = re.compile(r"typedef struct (gateway_\w+) \{(.*?)\n\} \1;", re.S)
ENUMERATION = re.compile(r"typedef enum GATEWAY_OPEN_ENUM (gateway_\w+) \{(.*?)\n\} \1;", re.S)


def text():
    return HEADER.read_text()


def code():
    """The header without comments and preprocessor lines."""
    bare = re.sub(r"/\*.*?\*/", "", text(), flags=re.S)
    bare = re.sub(r"\\\n", " ", bare)
    bare = re.sub(r"^#.*$", "", bare, flags=re.M)
    return re.sub(r'^(extern "C" \{|\})$', "", bare, flags=re.M)


def functions():
    """The names of the functions that are declared, in order."""
    outside = re.sub(r"\{.*?\n\}", "", code(), flags=re.S)
    statements = (" ".join(s.split()) for s in outside.split(";"))
    declared = (
        re.search(r"\b(gateway_\w+)\(", s) for s in statements if not s.startswith("typedef")
    )
    return [match.group(1) for match in declared if match]


def structures():
    """Each structure's name and the names of its fields, in order."""
    for name, body in STRUCTURE.findall(code()):
        fields = []
        for field in filter(None, (" ".join(f.split()) for f in body.split(";"))):
            pointer = re.search(r"\(\*(\w+)\)\(", field)
            plain = re.search(r"(\w+)(\[\w+\])?$", field)
            fields.append((pointer or plain).group(1))
        yield name, fields


def enumerations():
    """Each enumeration's name and its enumerators, in order."""
    for name, body in ENUMERATION.findall(code()):
        yield name, re.findall(r"\b(GATEWAY_\w+)\s*=", body)


def flags():
    """The macros that are numbers or flags of the interface."""
    return re.findall(r"^#define (GATEWAY_\w+) (?:0x)?[0-9A-Fa-f]+u?$", text(), flags=re.M)
