# SPDX-License-Identifier: Apache-2.0
"""The C example of README.md, as it stands there: extracted, built, run."""

import re
import subprocess

import pytest
from library import LIBRARY
from processes import ROOT, SITE

PAGE = SITE / "page.php"


@pytest.fixture
def example(directory):
    source = re.search(r"^```c\n(.*?)^```$", (ROOT / "README.md").read_text(), re.M | re.S)
    (directory / "example.c").write_text(source.group(1))
    (directory / "libgateway.so").symlink_to(LIBRARY)
    (directory / "libgateway.so.0").symlink_to(LIBRARY)
    program = directory / "example"
    subprocess.run(
        ["cc", "-std=c99", "-pedantic-errors", "-Wall", "-Wextra", "-Werror",
         "-I%s" % (ROOT / "include"), directory / "example.c", "-o", program,
         "-L%s" % directory, "-lgateway", "-Wl,-rpath,%s" % directory],
        check=True,
    )  # fmt: skip
    return program


def test_it_prints_a_page_of_php(example, php):
    done = subprocess.run([example, php.address, PAGE], stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0
    assert done.stdout.startswith("200\npage of fpm-fcgi\nsum 42\n")


def test_it_says_what_went_wrong(example, directory):
    address = "unix:%s" % (directory / "no.sock")
    done = subprocess.run([example, address, PAGE], stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert "connect-failed" in done.stderr
