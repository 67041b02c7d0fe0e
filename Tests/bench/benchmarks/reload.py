# SPDX-License-Identifier: Apache-2.0
"""Supervised applications under load, reloaded all the time; and what a claim costs."""

import os
import re
import signal
import socket
import subprocess
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from httpd import FOUR_CHILDREN, HTTPD, STOCK, proxy_pass
from nginx import Nginx
from processes import Process, wait_until
from supervised import APPLICATIONS, SUPERVISOR, CountingLoad, Host, Named, Supervisor

from .figure import Figure, Kind
from .wrk import cost

METHOD = """32 clients without a pause, none of which retries, each of which compares its
answers; a reload every 2 s, max-requests 50, and an application that leaks under max-memory. First
application_host (2 processes of 16 threads) with applications of four kinds, then 500 reloads in a
row; then httpd (event MPM) with the Perl one: supervised, behind nginx by gateway-supervisor
--listen, under mod_fcgid (reloaded by a graceful restart) and under FCGI::ProcManager behind the
stock module (reloaded by SIGHUP to the manager). At last the processor time of httpd's children
(worker MPM, 4 of them) per request with gateway:// beside fcgi:// without reuse, both to the same
libfcgi program, in turns."""

FCGID = """
LoadModule fcgid_module /usr/lib/apache2/modules/mod_fcgid.so
LoadModule alias_module /usr/lib/apache2/modules/mod_alias.so
FcgidIPCDir {directory}/fcgid
FcgidProcessTableFile {directory}/fcgid.shm
FcgidMaxProcesses 8
FcgidMaxRequestsPerProcess 50
FcgidMinProcessesPerClass 2
Alias "/wiki/" "{application}/"
<Directory "{application}">
    Options +ExecCGI
    SetHandler fcgid-script
    Require all granted
</Directory>
"""
ANSWERED = """
function response(status, headers, body)
    if status ~= 200 or not body:match("^%d+ %d+ %d+ q\\n$") then
        io.write("wrong answer " .. status .. body)
        os.exit(1)
    end
end
"""


def measure(workshop, short):
    bench = Bench(workshop, short)
    for name, command in bench.commands():
        yield from bench.library(name, command)
    yield from bench.many_reloads()
    yield from bench.supervised_httpd()
    yield from bench.nginx()
    if not short:
        # The peers stall for half a minute at a time.
        yield from bench.fcgid()
        yield from bench.managed()
    yield from bench.claim()


class Bench:
    def __init__(self, workshop, short):
        self.workshop, self.short = workshop, short
        self.seconds = 3 if short else 60
        self.pause = 0.5 if short else 2
        self.applications = workshop.directory / "applications"
        self.applications.mkdir()
        for file in APPLICATIONS.iterdir():
            copy = self.applications / file.name
            copy.write_bytes(file.read_bytes())
            copy.chmod(0o755)
        self.perl = ["perl", self.applications / "count.pl"]

    def commands(self):
        python = self.workshop.root / ".venv" / "bin" / "python"
        yield "Perl, FCGI.pm", self.perl
        yield "Python, flipflop", [python, self.applications / "count_flipflop.py"]
        yield "C, libfcgi", [self.compiled()]
        yield "php-cgi", ["php-cgi", "-q"]

    def compiled(self):
        program = self.workshop.directory / "count"
        source = self.applications / "count.c"
        if not program.exists():
            subprocess.run(["cc", "-O2", "-o", program, source, "-lfcgi"], check=True)
        return program

    # The library.

    def library(self, name, command):
        result, log = self.run_host(name, command, int(self.pause * 1000), self.seconds)
        if command is self.perl:
            yield Figure(f"{name}: replaced for their memory", log.count("KiB of memory"))
        yield from self.figures(name, result["failed"], result["served"], result["max_us"] / 1000)
        yield Figure(f"{name}: two in one process", result["crowded"], 0)
        yield Figure(f"{name}: requests of a process", result["most_served"], 50)

    def many_reloads(self):
        count = 20 if self.short else 500
        place = self.workshop.place("many")
        host = self.host(place, ["processes=2-4"], self.perl, threads=8, seconds=600)
        named = Named(place / "run")
        try:
            wait_until(lambda: named.pids("ready"), "a process")
            begin = time.monotonic()
            refused = sum(named.ask("reload").returncode != 0 for _ in range(count))
            each = (time.monotonic() - begin) / count
            # Ends it as a whole: what it counted is of interest, so it is told to.
            host.popen.send_signal(signal.SIGUSR1)
            result = host.result()
        finally:
            host.stop()
        yield Figure(f"{count} reloads in a row: refused", refused, 0)
        yield from self.figures(f"{count} in a row", result["failed"], result["served"],
                                result["max_us"] / 1000)
        yield Figure("one of them", round(each * 1000, 1), unit="ms")

    def run_host(self, name, command, reload_every, seconds):
        place = self.workshop.place(re.sub(r"\W", "", name))
        # The Perl one grows by 200 KiB with each request, from 3 MiB; the others do not.
        memory = "8M" if command is self.perl else "60M"
        settings = ["processes=2-8", "max-requests=50", "max-memory=" + memory]
        host = self.host(place, settings, command,
                         processes=2, threads=16, seconds=seconds, reload_every=reload_every,
                         query="&leak=200")  # fmt: skip
        try:
            return host.result(seconds + 60), host.read_log()
        finally:
            host.stop()

    def host(self, place, settings, command, **options):
        script = {"SCRIPT": str(self.applications / "count.php")}
        return Host(place, place / "run", *settings, command=command, environment=script,
                    **options)  # fmt: skip

    # Web servers.

    @contextmanager
    def httpd(self, name, lines, mpm="event", **options):
        httpd = HTTPD(self.workshop.place(name), mpm, lines, **options)
        try:
            yield httpd
        finally:
            httpd.stop()

    def supervised_lines(self, place, command, settings):
        words = " ".join(str(word) for word in command)
        return (f"GatewayRuntimeDir {place}\nGatewaySupervisor {SUPERVISOR}\n"
                f"GatewayApplication wiki {settings} -- {words}\n"
                'ProxyPass "/wiki/" "gateway://wiki/"\n')  # fmt: skip

    def supervised_httpd(self):
        place = self.workshop.directory / "run"
        lines = self.supervised_lines(place, self.perl, "processes=2-8 max-requests=50 "
                                      "max-memory=8M")  # fmt: skip
        named = Named(place)
        with self.httpd("supervised", lines) as httpd:
            yield from self.loaded("mod_gateway", httpd.port, lambda: named.ask("reload"), 0)

    def nginx(self):
        place = self.workshop.place("nginx")
        address = f"unix:{self.workshop.directory}/nginx.socket"
        supervisor = Supervisor(
            place, "--listen", address, "--client", "www-data", "--processes", "2-8",
            "--max-memory", "60M", command=self.perl)  # fmt: skip
        nginx = Nginx(place, address)
        try:
            yield from self.loaded("nginx, --listen", nginx.port,
                                   lambda: supervisor.ask("reload"), 0)
        finally:
            nginx.stop()
            supervisor.stop()

    def fcgid(self):
        lines = FCGID.format(directory=self.workshop.directory, application=self.applications)
        with self.httpd("fcgid", lines) as httpd:
            yield from self.loaded("mod_fcgid", httpd.port, httpd.graceful, None,
                                   "/wiki/count.pl?n=%d&leak=200")  # fmt: skip

    def managed(self):
        with self.sharing("managed", self.perl, MANAGED="8") as (address, (manager,)):
            lines = proxy_pass(address, "/wiki/")
            with self.httpd("managed", lines, module=STOCK) as httpd:
                yield from self.loaded("FCGI::ProcManager, stock", httpd.port,
                                       lambda: manager.popen.send_signal(signal.SIGHUP), None)

    @contextmanager
    def sharing(self, name, command, count=1, **variables):
        """Processes of a program at one listening socket: its address, and they."""
        path = self.workshop.directory / f"{name}.socket"
        with ExitStack() as running, socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            path.chmod(0o666)
            listener.listen(1024)
            processes = [
                Process(command, self.workshop.directory / f"{name}.log", stdin=listener,
                        env=dict(os.environ, **variables))
                for _ in range(count)]
            for each in processes:
                running.callback(each.stop, signal.SIGKILL)
            yield f"unix:{path}", processes

    def loaded(self, name, port, reload, bound, target="/wiki/?n=%d&leak=200"):
        """32 clients, and reloads meanwhile; a bound only where it is ours."""
        load = CountingLoad(port, target, clients=32)
        deadline = time.monotonic() + self.seconds
        reloads = 0
        try:
            while time.monotonic() < deadline:
                time.sleep(self.pause)
                reload()
                reloads += 1
        finally:
            tally = load.stop()
        wrong = {what: count for what, count in tally.items() if what != "ok"}
        yield from self.figures(name, sum(wrong.values()), tally["ok"],
                                max(load.times, default=0), bound,
                                f"{reloads} reloads; {wrong or 'none wrong'}")

    def figures(self, name, failed, served, longest, bound=0, note=""):
        yield Figure(f"{name}: failed", failed, bound, note=note or f"of {failed + served}")
        yield Figure(f"{name}: served", served)
        yield Figure(f"{name}: the longest", round(longest), unit="ms")

    # What a claim costs.

    def claim(self):
        place = self.workshop.directory / "claim"
        script = self.workshop.directory / "answered.lua"
        script.write_text(ANSWERED)
        command = [self.compiled()]
        with self.sharing("plain", command, 4) as (address, _):
            lines = (self.supervised_lines(place, command, "processes=4")
                     + proxy_pass(address, "/plain/", "enablereuse=off"))
            with self.httpd("cost", lines, mpm="worker", sizes=FOUR_CHILDREN) as httpd:
                named = Named(place)
                named.wait_ready(4)
                children = [pid for pid in httpd.children() if is_httpd(pid)]
                rounds = 3 if self.short else 9
                times = []
                for _ in range(rounds + 1):
                    times.append([cost(children, httpd.port, target, script)
                                  for target in ("/wiki/?q", "/plain/?q")])
        gateway, plain = (median(each[index] for each in times[1:]) for index in (0, 1))
        more = median(mine - theirs for mine, theirs in times[1:])
        yield Figure("gateway:// costs more than fcgi://", round(more / 1000, 1), 5, "us",
                     Kind.TIME, f"{gateway / 1000:.1f} and {plain / 1000:.1f} us of httpd each")


def is_httpd(pid):
    return Path(f"/proc/{pid}/comm").read_text().strip() == "apache2"
