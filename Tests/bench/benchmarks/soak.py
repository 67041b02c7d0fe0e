# SPDX-License-Identifier: Apache-2.0
"""Hours in minutes: everything at once, faults included, and what is held meanwhile."""

import os
import random
import shutil
import signal
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

from httpd import HTTPD
from processes import PHP, SITE, Responder
from supervised import APPLICATIONS

from . import chart
from .figure import Figure, Kind
from .gateways import proxy_pass
from .jobs import Clients, Excuses, Job, down, leave, named, php, supervised, up
from .samples import Sampler
from .workshop import MeasurementFailed

METHOD = """two httpds (event MPM) with mod_gateway before the same applications: responders on
kept and on other connections, php-fpm behind GatewayCapacity, responders that break every answer
in a way of their own, and, in the one that is restarted gracefully again and again, a supervised
application that is reloaded. Its processes, php-fpm's and that httpd's children are killed; its
supervisor too, in the first third. The other httpd stays as it is, so that what its children
gather shows. Clients compare every answer, or go away in the middle. A failure is excused only
where something was killed while the request ran; a wrong or shortened answer never is. Once a
second all processes are looked at; the lines are .test-output/soak.svg. Growth is that of the
median of the last third over that of the second."""

SIZES = """
ServerLimit 6
StartServers 2
ThreadsPerChild 25
ThreadLimit 25
MaxRequestWorkers 50
MinSpareThreads 1
MaxSpareThreads 50
"""
PHP_CHILDREN, PHP_CAPACITY = 8, 4
SOUND = ("early-close", "close-after", "error-text", "unknown-records", "trailing-bytes")
BROKEN = ("die-before-head", "die-in-body", "die-before-end", "malformed-head", "short-body",
          "overloaded", "bad-version", "hang")
GROWTH_MAX = 10
# What comes and goes with the load: that many more are no growth.
SLACK = {"processes": 1, "threads": 10, "descriptors": 10, "memory, KiB": 1024, "shared, KiB": 0}
PERIODS = {"restart": 13, "reload": 5, "kill process": 3, "kill php": 7, "kill child": 11,
           "kill supervisor": 9}


def measure(workshop, short):
    seconds = 60 * workshop.minutes
    with ExitStack() as running:
        site = Site(workshop, running)
        excuses = Excuses()
        sampler = Sampler(site.groups)
        clients = Clients(jobs(), {"steady": site.steady.port, "restarted": site.restarted.port},
                          excuses)
        sampler.start()
        try:
            disturb(site, excuses, seconds)
        finally:
            clients.stop()
            sampler.stop()
        crashes = site.crashes()
    chart.lines(workshop.root / ".test-output" / "soak.svg",
                f"What the processes held over {seconds:.0f} s", sampler.series, sampler.seconds)
    yield from verdicts(clients, excuses, crashes)
    yield from growths(sampler)


def jobs():
    for server in ("steady", "restarted"):
        yield Job(server, "/kept/", named, 2)
        yield Job(server, "/fresh/", named)
        yield Job(server, "/bulk/", down)
        yield Job(server, "/bulk/", up)
        yield Job(server, "/bulk/", leave)
        yield Job(server, "/php/query.php", php, PHP_CAPACITY + 2)
        for behaviour in SOUND:
            yield Job(server, f"/{behaviour}/", named)
        for behaviour in BROKEN:
            yield Job(server, f"/{behaviour}/", named, fails=True)
    yield Job("restarted", "/wiki/", supervised, 6)


class Site:
    """All servers and applications, ended by the stack."""

    def __init__(self, workshop, running):
        workshop.make_module()
        self.workshop, self.running = workshop, running
        lines = self.applications()
        # Made by the supervisor: none where others write would do.
        self.runtime = workshop.directory / "r"
        self.supervisor = workshop.library.with_name("gateway-supervisor")
        public = workshop.directory / "applications"
        shutil.copytree(APPLICATIONS, public)
        wiki = (f"GatewayRuntimeDir {self.runtime}\nGatewaySupervisor {self.supervisor}\n"
                f"GatewayApplication wiki processes=4 max-requests=200 -- perl {public}/count.pl\n"
                'ProxyPass "/wiki/" "gateway://wiki/"\n')
        self.steady = self.httpd("steady", lines)
        self.restarted = self.httpd("restarted", wiki + lines)
        time.sleep(2)

    def keep(self, process):
        self.running.callback(process.stop)
        return process

    def httpd(self, name, lines):
        return self.keep(HTTPD(self.workshop.place(name), "event", lines, sizes=SIZES))

    def applications(self):
        """Starts them; the lines that lead to them."""
        _, bulk = self.running.enter_context(self.workshop.application("responder", "unix"))
        os.chmod(bulk.removeprefix("unix:"), 0o666)
        self.responders = []
        addresses = {}
        for behaviour in ("answer", *SOUND, *BROKEN):
            place = self.workshop.place(behaviour)
            transport = "tcp" if behaviour in SOUND[:2] else "unix"
            responder = self.keep(Responder(place, behaviour, transport))
            # Its log would grow.
            os.truncate(responder.request_log, 0)
            self.responders.append(responder)
            addresses[behaviour] = responder.address
        fresh = self.workshop.directory / "fresh.socket"
        fresh.symlink_to(addresses["answer"].removeprefix("unix:"))
        self.php = self.keep(PHP(self.workshop.place("php"), children=PHP_CHILDREN))
        return "".join((
            proxy_pass("kept", addresses.pop("answer"), "enablereuse=on"),
            proxy_pass("fresh", f"unix:{fresh}"),
            proxy_pass("bulk", bulk, "enablereuse=on"),
            f"GatewayCapacity {self.php.address} {PHP_CAPACITY} wait=60\n",
            f'ProxyPass "/php/" "{self.php.address}|fcgi://php{SITE}/"\n',
            *(proxy_pass(behaviour, address, "timeout=2 retry=0 enablereuse=on")
              for behaviour, address in addresses.items())))

    def groups(self):
        of_steady, of_restarted = self.steady.session(), self.restarted.session()
        kinds = {}
        for pid in of_restarted:
            kinds.setdefault(program(pid), []).append(pid)
        parent = self.restarted.pid
        return {
            "steady httpd": of_steady,
            "restarted httpd's parent": [parent],
            "restarted httpd's children": [
                pid for pid in kinds.get("apache2", []) if pid != parent],
            "supervisor": kinds.get("gateway-supervisor", []),
            "supervised processes": kinds.get("perl", []),
            "responders": [each.pid for each in self.responders],
            "php-fpm": self.php.session(),
        }

    def crashes(self):
        return [line for httpd in (self.steady, self.restarted)
                for line in httpd.read_log().splitlines()
                if "exit signal" in line and "Killed (9)" not in line]


def program(pid):
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return ""
    return Path(words[0].decode()).name


# ------------------------------------------------------------------------------- what is done


def disturb(site, excuses, seconds):
    """Does to the servers what they must bear, each thing once in its period."""
    begun = time.monotonic()
    due = dict(PERIODS)
    while (passed := time.monotonic() - begun) < seconds:
        for what, at in due.items():
            if passed >= at and not (what == "kill supervisor" and passed > seconds / 3):
                due[what] = at + PERIODS[what]
                DISTURBANCES[what](site, excuses)
        time.sleep(0.2)


def restart(site, excuses):
    excuses.counts["restarts"] += 1
    site.restarted.graceful()


def reload(site, excuses):
    excuses.counts["reloads"] += 1
    subprocess.Popen([site.supervisor, "reload", "--runtime-dir", site.runtime, "wiki"],
                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).wait()


def kill_one(site, excuses, group, scope, but=None):
    pids = [pid for pid in site.groups()[group] if pid != but]
    if pids:
        excuses.add(f"kills of {group}", scope)
        try:
            os.kill(random.choice(pids), signal.SIGKILL)
        except ProcessLookupError:
            pass


DISTURBANCES = {
    "restart": restart,
    "reload": reload,
    "kill process": lambda site, excuses: kill_one(
        site, excuses, "supervised processes", "restarted /wiki/"),
    "kill php": lambda site, excuses: kill_both(site, excuses),
    "kill child": lambda site, excuses: kill_one(
        site, excuses, "restarted httpd's children", "restarted "),
    "kill supervisor": lambda site, excuses: kill_one(
        site, excuses, "supervisor", "restarted /wiki/"),
}


def kill_both(site, excuses):
    """A child of php-fpm may have a request of either server."""
    excuses.done.append((time.monotonic(), "steady /php/"))
    kill_one(site, excuses, "php-fpm", "restarted /php/", but=site.php.pid)


# ------------------------------------------------------------------------------- what came of it


def verdicts(clients, excuses, crashes):
    asked = [sum(each.values()) for each in (
        clients.right, clients.broken, clients.excused, clients.wrong)]
    answered = {name.rpartition(": ")[0] for name in clients.right}
    silent = sorted({job.name for job in jobs() if not job.fails} - answered)
    done = ", ".join(f"{number} {what}" for what, number in excuses.counts.items())
    yield Figure("requests", sum(asked), note=done)
    yield Figure("right", asked[0])
    yield Figure("asked for and never answered", len(silent), 0, note=", ".join(silent))
    yield Figure("broken by the application, and seen so", asked[1])
    yield Figure("failed with what was killed", asked[2],
                 note=", ".join(f"{n} {what}" for what, n in clients.excused.most_common(8)))
    yield Figure("wrong", asked[3], 0,
                 note=", ".join(f"{n} {what}" for what, n in clients.wrong.most_common(8)))
    yield Figure("httpd's children that crashed", len(crashes), 0, note="; ".join(crashes[:3]))


def growths(sampler):
    for name, second, last in sampler.growth():
        slack = SLACK[name.rpartition(": ")[2]]
        if name.endswith(": processes") and not last:
            raise MeasurementFailed(f"{name}: none at the end")
        growth = 0 if last <= second + slack else (last / max(second, 1) - 1) * 100
        yield Figure(name, round(growth, 1), GROWTH_MAX, "%", Kind.TIME,
                     f"{second:,.0f} then {last:,.0f}")
