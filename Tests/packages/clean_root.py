# SPDX-License-Identifier: Apache-2.0
"""A Debian of its own in a directory: what debootstrap makes of the machine's release, and more."""

import re
import shutil
import signal
import subprocess
from pathlib import Path

from processes import Process

# Mounts and processes of its own: nothing that is started there outlives the command.
ENTER = 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"'
ENVIRONMENT = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive"]


def first_source():
    """The mirror and the release that this machine's packages come from."""
    listing = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE) $(RELEASE) $(COMPONENT)"],
        check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    release = re.search(r"VERSION_CODENAME=(\w+)", Path("/etc/os-release").read_text()).group(1)
    for line in listing.stdout.splitlines():
        site, suite, component = line.split()
        if suite == release and component == "main":
            return site, release
    raise AssertionError("no source of %s among\n%s" % (release, listing.stdout))


class CleanRoot:
    """Made by root, as debootstrap wants it."""

    def __init__(self, path):
        self.path = path
        site, release = first_source()
        self._run(["debootstrap", "--variant=minbase", release, path, site])
        shutil.copy("/etc/resolv.conf", path / "etc" / "resolv.conf")
        # No package starts its server.
        policy = path / "usr" / "sbin" / "policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)

    def command(self, *words):
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child",
                "sh", "-c", ENTER, self.path, *ENVIRONMENT, *words]  # fmt: skip

    def run(self, *words, succeeds=True):
        """Its output, standard error included."""
        return self._run(self.command(*words), succeeds)

    def shell(self, text, succeeds=True):
        return self.run("sh", "-ec", text, succeeds=succeeds)

    def install(self, *packages):
        self.run("apt-get", "install", "-y", "--no-install-recommends", *packages)

    def write(self, name, text):
        (self.path / name).write_text(text)

    def read(self, name):
        return (self.path / name).read_text()

    def _run(self, command, succeeds=True):
        done = subprocess.run(
            [str(word) for word in command], stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
        )  # fmt: skip
        assert (done.returncode == 0) == succeeds, done.stdout
        return done.stdout

    def remove(self):
        shutil.rmtree(self.path)


class Running(Process):
    """A command in the root, ended with all that it started."""

    def __init__(self, root, log, *words):
        super().__init__(root.command(*words), log)

    def stop(self):
        # With unshare ends the first process of those in the root, and with that all of them.
        super().stop(signal.SIGKILL)
