# SPDX-License-Identifier: Apache-2.0
"""Commands of the documents are run, or are there to be run; links lead somewhere."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from documents import GUIDE, OPERATORS, README, ROOT, block, blocks
from processes import SITE

DOCUMENTS = [README, OPERATORS, GUIDE]
PROGRAM = ROOT / ".build" / "release" / "gateway-get"
(PHP_FPM,) = Path("/usr/sbin").glob("php-fpm[0-9]*")


def shell_lines(path):
    for each in blocks(path, "sh"):
        yield from (line.partition(" # ")[0].strip() for line in each.text.splitlines())


ASKING = [line for path in DOCUMENTS for line in shell_lines(path) if "gateway-get" in line]


@pytest.mark.parametrize("line", ASKING)
def test_gateway_get(php, line):
    address, script = re.search(r"gateway-get (\S+) (\S+)", line).groups()
    line = line.replace("gateway-get", str(PROGRAM), 1)
    line = line.replace(address, php.address).replace(script, str(SITE / "page.php"))
    done = subprocess.run(
        line, shell=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("page of fpm-fcgi\n")
    if "--records" in line:
        assert kinds(done.stderr) == kinds(readme_records())


def readme_records():
    return re.search(r"^```\n(    0.*?)^```$", README.read_text(), re.M | re.S).group(1)


def kinds(records):
    """The direction and the type of each record."""
    return re.findall(r"^ +[\d.]+ ([<>] [A-Z_]+)", records, re.M)


@pytest.mark.parametrize("path", DOCUMENTS, ids=[path.name for path in DOCUMENTS])
def test_commands_are_there(path):
    for line in shell_lines(path):
        word = line.split()[0]
        if "/" in word:
            assert os.access(ROOT / word, os.X_OK), line
    for target in re.findall(r"`make -C module (\w+)`", path.read_text()):
        subprocess.run(
            ["make", "-n", "-C", "module", target, "LIBRARY=prebuilt"], cwd=ROOT, check=True,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip


def test_php_fpm_takes_its_lines(directory):
    file = directory / "php-fpm.conf"
    lines = block(OPERATORS, "ini", "Tuning php-fpm")
    for name in ("/run/php", "/var/log"):
        lines = lines.replace(name, str(directory))
    file.write_text("[global]\nerror_log = %s/errors\n%s" % (directory, lines))
    done = subprocess.run([PHP_FPM, "-t", "-y", file], stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0 and "test is successful" in done.stderr, done.stderr


def anchors(path):
    """As they are made of headings."""
    for heading in re.findall(r"^#+ (.*)$", path.read_text(), re.M):
        yield re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("path", DOCUMENTS, ids=[path.name for path in DOCUMENTS])
def test_links(path):
    text = re.sub(r"```.*?```", "", path.read_text(), flags=re.S)
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if not target.startswith("http"):
            name, _, anchor = target.partition("#")
            file = path.parent / name if name else path
            assert file.is_file(), target
            assert not anchor or anchor in anchors(file), target
