# SPDX-License-Identifier: Apache-2.0
"""The packages themselves: which there are, their version, and what lintian says."""

import os
import re
import subprocess

from installed import version
from processes import ROOT

NAMES = {"libgateway0", "libgateway-dev", "libapache2-mod-gateway", "gateway-tools"}
PACKAGING = ROOT / "module" / "packaging"


def field(file, name):
    command = ["dpkg-deb", "--field", file, name]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def contents(file):
    listing = subprocess.run(["dpkg-deb", "--contents", file], check=True, stdout=subprocess.PIPE)
    return {re.sub(r" -> .*", "", line.split(None, 5)[5])[1:]
            for line in listing.stdout.decode().splitlines()}  # fmt: skip


def test_there_are_four(packages):
    assert packages.keys() == NAMES


def test_their_version_is_that_of_the_header(packages):
    assert {field(file, "Version") for file in packages.values()} == {version()}


def test_nothing_depends_on_swift(packages):
    for file in packages.values():
        assert "swift" not in field(file, "Depends").lower()


def test_the_module_comes_with_what_a2enmod_reads(packages):
    names = contents(packages["libapache2-mod-gateway"])
    assert {"/etc/apache2/mods-available/gateway.load", "/etc/apache2/mods-available/gateway.conf",
            "/usr/lib/apache2/modules/mod_gateway.so"} <= names  # fmt: skip


def test_each_program_has_a_manual(packages):
    names = contents(packages["gateway-tools"])
    programs = {name for name in names if re.match(r"/usr/bin/.", name)}
    assert "/usr/bin/gateway-get" in programs
    for program in programs:
        assert program.replace("bin", "share/man/man1") + ".1.gz" in names


def test_lintian(built):
    (changes,) = built.glob("*.changes")
    allow = ["--allow-root"] if os.geteuid() == 0 else []
    done = subprocess.run(
        ["lintian", *allow, "--fail-on", "error,warning", changes],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_the_licence():
    common = "/usr/share/common-licenses/Apache-2.0"
    with open(common) as text:
        assert (PACKAGING / "LICENSE").read_text() == text.read()
