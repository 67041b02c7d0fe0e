# SPDX-License-Identifier: Apache-2.0
"""The event-driven hosts, built as their users would, and run."""

import contextlib
import os
import subprocess
from pathlib import Path

from built import COMPILER, WRAPPER
from installed import pkg_config
from processes import ROOT, Process

SOURCES = ROOT / "Tests" / "hosts"
WARNINGS = ["-std=c99", "-O2", "-g", "-Wall", "-Wextra", "-pedantic", "-Werror"]


def build(prefix, name, sources, *packages):
    """A program made by cc and pkg-config alone."""
    flags = pkg_config(prefix, "--cflags", "--libs", *packages)
    program = prefix / name
    subprocess.run([*COMPILER, *WARNINGS, *map(str, sources), *flags,
                    "-Wl,-rpath,%s/lib" % prefix, "-o", program], check=True)  # fmt: skip
    return program


class Host(Process):
    """The epoll host; port is where it listens. Options as it has them, with "_" for "-"."""

    def __init__(self, directory, program, backends, wrapper=(), limits=None, **options):
        words = [*(wrapper or WRAPPER), program, "--listen", "127.0.0.1:0"]
        for backend in backends:
            words += ["--backend", backend]
        for name, value in options.items():
            flag = "--" + name.replace("_", "-")
            words += [flag] if value is True else [flag, value]
        self.log_file = directory / "host.log"
        super().__init__([*words, "--log", self.log_file], directory / "host.err",
                         stdout=subprocess.PIPE, preexec_fn=limits)
        line = self.popen.stdout.readline().decode()
        assert line.startswith("listening 127.0.0.1:"), line + self.read_log()
        self.port = int(line.rpartition(":")[2])

    def read_log(self):
        said = Path(self.log).read_text(errors="replace")
        return said + (self.log_file.read_text(errors="replace") if self.log_file.exists() else "")

    def process(self):
        """The host itself, which a wrapper may be the parent or the child of."""
        for pid in [self.pid, *self.session()]:
            if os.readlink("/proc/%d/exe" % pid).endswith(("epoll_host", "memcheck-amd64-linux")):
                return pid
        raise AssertionError("the host is not there")

    def descriptors(self):
        return len(self._open_files())

    def waiting(self):
        """Requests in the queue: the place of each is an eventfd."""
        return self._open_files().count("anon_inode:[eventfd]")

    def _open_files(self):
        folder = Path("/proc/%d/fd" % self.process())
        files = []
        for descriptor in os.listdir(folder):
            # One that is closed meanwhile is none.
            with contextlib.suppress(FileNotFoundError):
                files.append(os.readlink(folder / descriptor))
        return files

    def memory(self, name="VmRSS"):
        """KiB."""
        with open("/proc/%d/status" % self.process()) as status:
            return next(int(line.split()[1]) for line in status if line.startswith(name + ":"))
