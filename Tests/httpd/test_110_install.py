# SPDX-License-Identifier: Apache-2.0
"""What make install lays out: found by pkg-config, loaded by httpd from where it lies."""

import os
import re
import subprocess

import pytest
from client import get
from httpd import php_handler
from installed import install, pkg_config, version
from processes import ROOT, SITE

PAGE = SITE / "page.php"


@pytest.fixture
def prefix(directory):
    made = directory / "usr"
    install(made)
    return made


def test_the_tree(prefix):
    file = "libgateway.so." + version()
    assert os.readlink(prefix / "lib" / "libgateway.so.0") == file
    assert os.readlink(prefix / "lib" / "libgateway.so") == "libgateway.so.0"
    assert not (prefix / "lib" / file).is_symlink()
    assert (prefix / "include" / "gateway.h").is_file()
    assert (prefix / "modules" / "mod_gateway.so").is_file()


def test_destdir_is_in_front_of_everything_and_in_nothing(directory):
    install("/opt/gateway", "DESTDIR=%s" % (directory / "stage"))
    stage = directory / "stage" / "opt" / "gateway"
    assert (stage / "lib" / ("libgateway.so." + version())).is_file()
    assert str(directory) not in (stage / "lib" / "pkgconfig" / "gateway.pc").read_text()


def test_a_program_is_built_with_pkg_config(prefix, directory, php):
    assert pkg_config(prefix, "--modversion") == [version()]
    assert pkg_config(prefix, "--print-requires") == []
    source = re.search(r"^```c\n(.*?)^```$", (ROOT / "README.md").read_text(), re.M | re.S)
    (directory / "page.c").write_text(source.group(1))
    flags = pkg_config(prefix, "--cflags", "--libs")
    command = ["cc", "page.c", *flags, "-Wl,-rpath,%s" % (prefix / "lib"), "-o", "page"]
    subprocess.run(command, cwd=directory, check=True)
    page = subprocess.run([directory / "page", php.address, PAGE], stdout=subprocess.PIPE)
    assert page.stdout.startswith(b"200\npage of fpm-fcgi\n")


def test_httpd_loads_the_module_with_the_library_beside_it(prefix, start_httpd, php):
    module = prefix / "modules" / "mod_gateway.so"
    httpd = start_httpd("event", php_handler(php.address), module=module)
    assert get(httpd.port, "/page.php?a=42").body.startswith(b"page of fpm-fcgi\nsum 42\n")
    mapped = set()
    with open("/proc/%d/maps" % httpd.pid) as maps:
        mapped = {line.split()[-1] for line in maps if "gateway" in line}
    assert str(prefix / "lib" / ("libgateway.so." + version())) in mapped
