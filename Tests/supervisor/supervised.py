# SPDX-License-Identifier: Apache-2.0
"""Supervised applications, and who asks them: application_host, httpd, gateway-supervisor."""

import json
import os
import re
import subprocess
from pathlib import Path

from built import HOSTS, RELEASE
from load import Load
from processes import Process, wait_until

HERE = Path(__file__).resolve().parent
APPLICATIONS = HERE / "applications"
SUPERVISOR = RELEASE / "gateway-supervisor"
HOST = HOSTS / "application_host"
PERL = ["perl", APPLICATIONS / "count.pl"]
ANSWER = re.compile(rb"(\d+) (\d+) (\d+) (.*)\n")


def is_there(pid):
    """Whether a process runs; one that nobody has waited for does not."""
    try:
        state = Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


class Named:
    """An application that gateway-supervisor can be asked about, in a runtime directory."""

    def __init__(self, base, name="wiki"):
        self.base, self.name = base, name

    def ask(self, *words):
        """Runs a subcommand, and answers how it ended and what it said."""
        command = [SUPERVISOR, *words[:1], "--runtime-dir", self.base, *words[1:], self.name]
        return subprocess.run(
            [str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, text=True, timeout=60,
        )  # fmt: skip

    def status(self):
        """What it answers as JSON; nothing while nobody answers."""
        answer = self.ask("status", "--json")
        return json.loads(answer.stdout) if answer.returncode == 0 else {"processes": []}

    def pids(self, *states):
        return [
            each["pid"]
            for each in self.status()["processes"]
            if not states or each["state"] in states
        ]

    def wait_ready(self, count):
        wait_until(lambda: len(self.pids("ready")) == count, "%d ready processes" % count)
        return self.pids("ready")


class Supervisor(Process, Named):
    """gateway-supervisor alone, as from a shell."""

    def __init__(self, directory, *options, command=PERL, name="wiki", wait=True, under=()):
        Named.__init__(self, directory / "run", name)
        words = [*under, SUPERVISOR, "--name", name, "--runtime-dir", self.base, *options]
        words += ["--", *command]
        Process.__init__(self, words, directory / "supervisor.log")
        if wait:
            self.wait_until(lambda: self.pids("ready"), "the supervisor")


class Host(Process):
    """application_host, which asks without a pause; `result` is what it has counted."""

    def __init__(self, directory, base, *settings, command=PERL, name="wiki", environment=None,
                 **options):  # fmt: skip
        words = [HOST]
        options.setdefault("supervisor", SUPERVISOR)
        options.setdefault("directory", base)
        for option, value in options.items():
            words += ["--" + option.replace("_", "-")] + ([] if value is True else [value])
        words += [name, *settings] + (["--", *command] if command else [])
        self.output = directory / "host.json"
        with open(self.output, "wb") as output:
            super().__init__(words, directory / "host.log", stdout=output,
                             env=dict(os.environ, LD_LIBRARY_PATH=str(HOST.parent),
                                      **(environment or {})))  # fmt: skip

    def result(self, timeout=120):
        self.popen.wait(timeout)
        text = self.output.read_text().splitlines()
        assert text, self.read_log()
        self.lines = text[:-1]
        return json.loads(text[-1])


class CountingLoad(Load):
    """GETs whose answers name the request, the process and how many it has served.

    `most_served` and `crowded` are what the processes themselves have counted.
    """

    def __init__(self, port, target="/wiki/?n=%d", **options):
        self.most_served = self.crowded = 0
        super().__init__(port, target, right=lambda n: b"n=%d" % n, **options)

    def _judge(self, response, right):
        verdict = super()._judge(response, None)
        match = ANSWER.fullmatch(response.body) if response is not None else None
        if verdict != "ok":
            return verdict
        if not match or not match.group(4).startswith(right):
            return "wrong body"
        self.most_served = max(self.most_served, int(match.group(2)))
        self.crowded += int(match.group(3))
        return "ok"


class Gate:
    """Requests with hold=NAME are run until that name is let go."""

    def __init__(self, directory):
        self.directory = directory / "gate"
        self.directory.mkdir(mode=0o777)
        self.names = set()

    def hold(self, name):
        self.names.add(name)
        return "hold=%s" % name

    def let_go(self, *names):
        for name in names or self.names:
            (self.directory / name).touch()
