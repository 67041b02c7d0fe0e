# SPDX-License-Identifier: Apache-2.0
"""Fixtures: the packages, built once, and a clean Debian with them in it."""

import shutil
import subprocess

import pytest
from clean_root import CleanRoot
from processes import ROOT

# Beside the packages: what they are tried with.
COMPANIONS = ["apache2", "php-fpm", "php-cgi", "gcc", "libc6-dev", "make", "pkg-config", "cmake"]


@pytest.fixture(scope="session")
def built():
    """The directory with the packages."""
    command = ["make", "-s", "-C", "module", "deb", "LIBRARY=prebuilt"]
    subprocess.run(command, cwd=ROOT, check=True, stdin=subprocess.DEVNULL)
    return ROOT / "module" / ".build" / "deb"


@pytest.fixture(scope="session")
def packages(built):
    """Those that people install, by name."""
    found = {file.name.partition("_")[0]: file for file in built.glob("*.deb")}
    return {name: file for name, file in found.items() if not name.endswith("-dbgsym")}


@pytest.fixture(scope="session")
def root(packages, tmp_path_factory):
    made = CleanRoot(tmp_path_factory.mktemp("root") / "debian")
    # A package can be read by apt's own user there.
    place = made.path / "packages"
    place.mkdir()
    for file in packages.values():
        shutil.copy(file, place)
    made.run("apt-get", "update")
    made.install(*COMPANIONS, *sorted("/packages/" + file.name for file in packages.values()))
    yield made
    made.remove()


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log"
