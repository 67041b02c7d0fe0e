# SPDX-License-Identifier: Apache-2.0
"""What make install lays out, and what pkg-config and the header tell of it."""

import os
import re
import subprocess

from built import RELEASE
from processes import ROOT


def install(prefix, *variables):
    words = ["LIBRARY=%s/libgateway.so" % RELEASE, "prefix=%s" % prefix]
    words += ["modulesdir=%s/modules" % prefix]
    subprocess.run(["make", "-s", "-C", "module", "install", *words, *variables],
                   cwd=ROOT, check=True, stdin=subprocess.DEVNULL)  # fmt: skip


def pkg_config(prefix, *words):
    environment = {**os.environ, "PKG_CONFIG_PATH": str(prefix / "lib" / "pkgconfig")}
    command = ["pkg-config", *words, "gateway"]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.split()


def version():
    text = (ROOT / "include" / "gateway.h").read_text()
    numbers = (re.search(r"GATEWAY_VERSION_%s (\d+)" % part, text) for part in
               ("MAJOR", "MINOR", "PATCH"))  # fmt: skip
    return ".".join(number.group(1) for number in numbers)
