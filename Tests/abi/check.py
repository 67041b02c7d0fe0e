#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The library file against its header, and both against what was promised before.

    check.py LIBRARY             checks
    check.py LIBRARY --accept    makes what is there now the promise: exports.txt and layout.txt
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import header

HERE = Path(__file__).resolve().parent


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def exported(library):
    lines = run("nm", "-D", "--defined-only", library).splitlines()
    # The version node GATEWAY_0 is listed as an absolute symbol.
    return sorted(
        line.split()[-1].partition("@")[0] for line in lines if line.split()[-2] != "A"
    )


def layout():
    """Sizes, offsets and numbers as the C compiler sees them, a line each."""
    lines = ['#include "%s"' % header.HEADER, "#include <stdio.h>", "int main(void)", "{"]
    for name, fields in header.structures():
        lines.append('printf("%s %%zu\\n", sizeof(%s));' % (name, name))
        for field in fields:
            arguments = (name, field, name, field, name, field)
            lines.append(
                'printf("%s.%s %%zu %%zu\\n", offsetof(%s, %s), sizeof(((%s *)0)->%s));' % arguments
            )
    for name, enumerators in header.enumerations():
        for each in enumerators:
            lines.append('printf("%s %%d\\n", (int)%s);' % (each, each))
    for name in header.flags():
        lines.append('printf("%s %%llu\\n", (unsigned long long)%s);' % (name, name))
    lines.append("return 0; }")
    with tempfile.TemporaryDirectory() as work:
        source, program = Path(work, "layout.c"), Path(work, "layout")
        source.write_text("\n".join(lines))
        run("gcc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-o", str(program), str(source))
        return run(str(program)).splitlines()


def difference(what, promised, found):
    for line in sorted(set(promised) - set(found)):
        yield "%s: promised and gone: %s" % (what, line)
    for line in sorted(set(found) - set(promised)):
        yield "%s: new, not promised: %s" % (what, line)


def check_exports(library):
    found = exported(library)
    yield from difference("header and library", sorted(header.functions()), found)
    yield from difference("exports.txt", (HERE / "exports.txt").read_text().split(), found)
    yield from ("exported: %s" % name for name in found if not name.startswith("gateway_"))


def check_layout():
    yield from difference("layout.txt", (HERE / "layout.txt").read_text().splitlines(), layout())


def check_dynamic_section(library):
    section = run("readelf", "-d", library)
    soname = "libgateway.so." + re.search(r"GATEWAY_ABI_VERSION (\d+)", header.text()).group(1)
    if "[%s]" % soname not in section:
        yield "readelf: the SONAME is not %s" % soname
    if "NODELETE" not in section:
        yield "readelf: the library can be unloaded"
    for needed in re.findall(r"\(NEEDED\).*\[(.*)\]", section):
        if re.match(r"libswift|libldap|libdispatch|libBlocksRuntime|libFoundation", needed):
            yield "readelf: it needs %s" % needed


def accept(library):
    (HERE / "exports.txt").write_text("\n".join(exported(library)) + "\n")
    (HERE / "layout.txt").write_text("\n".join(layout()) + "\n")


def main():
    library = sys.argv[1]
    if sys.argv[2:] == ["--accept"]:
        accept(library)
    faults = [*check_exports(library), *check_layout(), *check_dynamic_section(library)]
    for fault in faults:
        print(fault)
    counts = (len(header.functions()), len(layout()))
    print("ABI: %d functions, %d sizes, offsets and numbers" % counts)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
