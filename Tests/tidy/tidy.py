#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a reader may rely on in every file, checked: sizes, licences, words, imports, comments."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "abi"))
import header  # noqa: E402

TOP = {"Package.swift", "Sources", "include", "Tests", "module", "README.md"}
LINE_MAX, FILE_MAX, FUNCTION_MAX = 100, 400, 70
CODE = {".swift", ".c", ".h", ".py", ".sh", ".php", ".pl", ".pm", ".go", ".fcgi"}

# Their syntax has no comments: the licence itself, JSON, what is generated, and what dpkg reads.
WITHOUT_COMMENTS = {
    ".swift-format",
    "Tests/abi/exports.txt",
    "Tests/abi/layout.txt",
    "module/packaging/LICENSE",
    "module/packaging/debian/changelog",
    "module/packaging/debian/source/format",
}

# In the library: what would end, block or burden the host's process, or hide a fault.
BANNED = [
    "fork(",
    "try!",
    "fatalError",
    "@unchecked",
    "nonisolated(unsafe)",
    "import Foundation",
    "import Dispatch",
    "TODO",
    "FIXME",
    "XXX",
]

# The one place where processes begin.
ALLOWED = {("Sources/CAPR/spawn.h", "fork(")}

# Which modules each target may import; what is not listed here may import anything.
IMPORTS = {
    "FastCGI": set(),
    "Platform": {"CAPR", "Glibc", "Synchronization"},
    "Transport": {"CAPR", "Platform"},
    "SharedStatus": {"CAPR", "Glibc", "Platform", "Synchronization"},
    "Supervision": {
        "CAPR", "Glibc", "Platform", "SharedStatus", "Synchronization", "Transport",
    },
    "GatewayCore": {
        "FastCGI", "Glibc", "Platform", "SharedStatus", "Supervision", "Synchronization",
        "Transport",
    },
    "GatewayABI": {
        "CAPR", "CGateway", "FastCGI", "GatewayCore", "Glibc", "Platform", "SharedStatus",
        "Supervision", "Transport",
    },
    "GatewayLibrary": {"GatewayABI"},
}

IMPORT = re.compile(r"^(?:@\w+ )*(?:public |package |internal |private )?import (?:\w+ )?(\w+)")
SWIFT_FUNCTION = re.compile(r"^( *)(?:[\w@()]+ )*(?:func |init[?(<]|deinit\b|subscript\b)")


def tracked():
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, stdout=subprocess.PIPE
    ).stdout
    paths = (ROOT / name.decode() for name in names.split(b"\0") if name)
    # What is being deleted is not there to be read.
    return [path for path in paths if path.is_file()]


def is_code(path, text):
    return path.suffix in CODE or text.startswith("#!") or path.name == "Makefile"


def check_top(paths):
    for name in sorted({path.relative_to(ROOT).parts[0] for path in paths}):
        if name not in TOP and not name.startswith("."):
            yield "%s: does not belong at the top" % name


def check_licence(name, lines):
    """Only what a file has to begin with may stand before it."""
    says = any("SPDX-License-Identifier: Apache-2.0" in line for line in lines[:3])
    if says == (str(name) in WITHOUT_COMMENTS):
        yield 1, "an SPDX line, though it is listed" if says else "no SPDX line"


def check_listed(paths):
    for name in sorted(WITHOUT_COMMENTS - {str(path.relative_to(ROOT)) for path in paths}):
        yield "Tests/tidy/tidy.py: there is no %s" % name


def check_text(path, lines):
    for number, line in enumerate(lines, 1):
        # A word that is longer by itself cannot be broken; nor can make's lines.
        if len(line) > LINE_MAX and " " in line.strip() and path.name != "Makefile":
            yield number, "%d columns" % len(line)
        if line != line.rstrip():
            yield number, "white space at the end"
    # A test's C program is one file, so that it compiles by itself.
    is_program = path.is_relative_to(ROOT / "Tests") and path.suffix == ".c"
    if len(lines) > FILE_MAX and path != header.HEADER and not is_program:
        yield len(lines), "%d lines" % len(lines)


def functions(path, lines):
    """The first line and the length of each function, by the indentation of its last brace."""
    for start, line in enumerate(lines):
        if path.suffix == ".swift":
            match = SWIFT_FUNCTION.match(line)
            closing = match and match.group(1) + "}"
        else:
            closing = "}" if line == "{" else None
        if closing is None:
            continue
        for end in range(start, len(lines)):
            if lines[end].rstrip() == closing:
                yield start + 1, end - start + 1
                break
            # A requirement of a protocol, or a function of one line, has no brace of its own.
            if end > start and path.suffix == ".swift" and SWIFT_FUNCTION.match(lines[end]):
                break


def check_functions(path, lines):
    for start, length in functions(path, lines):
        if length > FUNCTION_MAX:
            yield start, "a function of %d lines" % length


def check_words(path, lines):
    name = str(path.relative_to(ROOT))
    for number, line in enumerate(lines, 1):
        for word in BANNED:
            if (name, word) in ALLOWED:
                continue
            if re.search(r"(?<!\w)" + re.escape(word), line):
                yield number, "the word %s" % word


def check_imports(target, lines):
    for number, line in enumerate(lines, 1):
        match = IMPORT.match(line)
        if match and match.group(1) not in IMPORTS[target]:
            yield number, "%s must not import %s" % (target, match.group(1))


def check_header():
    """Each function says in the comment right before it which threads may call it."""
    text = header.text()
    for name in header.functions():
        at = re.search(r"^\w[\w *]*\b%s\(" % name, text, re.M).start()
        comment = text[:at].rpartition("/*")[2]
        if comment.rstrip().endswith("*/") is False or "Thread: " not in comment:
            yield "include/gateway.h: %s says nothing of threads" % name


def check_tags(sources):
    """A log line's tag is its own for ever: no two lines share one."""
    seen = {}
    for path, lines in sources:
        for number, line in enumerate(lines, 1):
            for tag in re.findall(r'"(GW\d{4})\b', line):
                if tag in seen:
                    yield "%s:%d: %s is already in %s" % (path, number, tag, seen[tag])
                seen[tag] = "%s:%d" % (path, number)


def check_readme(paths):
    """The README names files; a name that has moved misleads the reader."""
    names = [str(path.relative_to(ROOT)) for path in paths]
    text = (ROOT / "README.md").read_text()
    for said in sorted(set(re.findall(r"`([\w/+.-]+\.(?:swift|c|h|py|sh))`", text))):
        if not any(name == said or name.endswith("/" + said) for name in names):
            yield "README.md: there is no %s" % said


def check_file(path, text):
    lines = text.split("\n")
    name = path.relative_to(ROOT)
    found = [*check_licence(name, lines)]
    if is_code(path, text):
        found += check_text(path, lines)
        if path.suffix in {".swift", ".c"}:
            found += check_functions(path, lines)
    if name.parts[0] == "Sources":
        found += check_words(path, lines)
    if name.parts[0] == "Sources" and name.parts[1] in IMPORTS and path.suffix == ".swift":
        found += check_imports(name.parts[1], lines)
    return ("%s:%d: %s" % (name, *each) for each in found)


def main():
    paths = tracked()
    faults = [
        *check_top(paths), *check_header(), *check_readme(paths), *check_listed(paths),
    ]  # fmt: skip
    sources = []
    for path in paths:
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        faults += check_file(path, text)
        if path.relative_to(ROOT).parts[0] in {"Sources", "module"}:
            sources.append((path.relative_to(ROOT), text.split("\n")))
    faults += check_tags(sources)
    for fault in faults:
        print(fault)
    print("tidy: %d files, %d faults" % (len(paths), len(faults)))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
