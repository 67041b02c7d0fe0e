# SPDX-License-Identifier: Apache-2.0
"""Processes that tests start and end: each knows when it is ready and how it is stopped."""

import contextlib
import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
ROOT = TESTS.parent
# The pages and PHP scripts that are asked for.
SITE = TESTS / "httpd" / "site"
READY_SECONDS = 30
# pytest-xdist names its workers gw0, gw1 ...
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
PORTS_OF_WORKER = 400
FIRST_PORT = 61000 + WORKER * PORTS_OF_WORKER
PORTS = itertools.cycle(range(FIRST_PORT, FIRST_PORT + PORTS_OF_WORKER))


class Process:
    """A child in a session of its own, ended with all that it started."""

    def __init__(self, command, log, **options):
        self.log = log
        with open(log, "ab") as output:
            options.setdefault("stdout", output)
            options.setdefault("stdin", subprocess.DEVNULL)
            self.popen = subprocess.Popen(
                [str(word) for word in command],
                stderr=output,
                start_new_session=True,
                **options,
            )

    @property
    def pid(self):
        return self.popen.pid

    def wait_until(self, ready, what):
        deadline = time.monotonic() + READY_SECONDS
        while not ready():
            assert self.popen.poll() is None, "%s ended:\n%s" % (what, self.read_log())
            assert time.monotonic() < deadline, "%s is not ready:\n%s" % (what, self.read_log())
            time.sleep(0.02)

    def read_log(self):
        return Path(self.log).read_text(errors="replace")

    def session(self):
        """The processes that came from this one and are there, in whatever process group."""
        listing = subprocess.run(
            ["ps", "-o", "pid=", "-s", str(self.pid)], stdout=subprocess.PIPE, text=True
        )
        return [int(pid) for pid in listing.stdout.split()]

    def stop(self, signal_number=signal.SIGTERM):
        if self.popen.poll() is None:
            self.popen.send_signal(signal_number)
            try:
                self.popen.wait(15)
            except subprocess.TimeoutExpired:
                pass
        for left in self.session():
            try:
                os.kill(left, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.popen.wait()
        if self.popen.stdout:
            self.popen.stdout.close()


def wait_until(holds, what=""):
    deadline = time.monotonic() + READY_SECONDS
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def answers(address):
    """Whether something takes connections there."""
    kind, _, rest = address.partition(":")
    family = socket.AF_UNIX if kind == "unix" else socket.AF_INET
    if kind == "tcp":
        host, _, port = rest.rpartition(":")
        rest = (host, int(port))
    with socket.socket(family) as probe:
        return probe.connect_ex(rest) == 0


def free_port():
    """A port of this test process alone: of no process beside it, and none that the kernel gives to
    a client meanwhile, as it does with those from 32768 to 60999."""
    for port in PORTS:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port


class Responder(Process):
    """Tests/support/responder.py with one behaviour; address is where it listens."""

    def __init__(self, directory, behaviour, transport="unix"):
        listen = "tcp:127.0.0.1:0"
        if transport == "unix":
            listen = "unix:%s" % (directory / "responder.sock")
        self.request_log = directory / "requests"
        script = TESTS / "support" / "responder.py"
        command = [sys.executable, script, "--listen", listen, "--log", self.request_log, behaviour]
        super().__init__(command, directory / "responder.log", stdout=subprocess.PIPE)
        word, _, self.address = self.popen.stdout.readline().decode().strip().partition(" ")
        assert word == "ready", self.read_log()

    def requests(self):
        """The requests it has taken, as lines "METHOD QUERY_STRING"."""
        return self.request_log.read_text().splitlines()


class PHP(Process):
    """A php-fpm of our own with a few children."""

    def __init__(self, directory, children=4, tcp=False):
        self.address = "unix:%s" % (directory / "php.sock")
        configuration = directory / "php-fpm.conf"
        configuration.write_text(
            "[global]\nerror_log = %(d)s/php-error.log\ndaemonize = no\n"
            "[www]\nuser = www-data\ngroup = www-data\nlisten = %(d)s/php.sock\n"
            "listen.mode = 0666\npm = static\npm.max_children = %(children)d\n"
            "catch_workers_output = yes\n" % {"d": directory, "children": children}
        )
        if tcp:
            self.tcp_address = "tcp:127.0.0.1:%d" % free_port()
            with open(configuration, "a") as file:
                file.write(
                    "[tcp]\nuser = www-data\ngroup = www-data\nlisten = %s\n"
                    "pm = static\npm.max_children = %d\n"
                    % (self.tcp_address.partition(":")[2], children)
                )
        program = sorted(Path("/usr/sbin").glob("php-fpm*"))[-1]
        super().__init__([program, "-F", "-y", configuration], directory / "php.log")
        self.wait_until(lambda: answers(self.address), "php-fpm")
