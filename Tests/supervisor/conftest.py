# SPDX-License-Identifier: Apache-2.0
"""Fixtures: each gives what a test starts, and ends it, in a directory that www-data can reach."""

import shutil
import subprocess

import pytest
from client import Client
from fixtures import directory, start, start_responder  # noqa: F401
from httpd import HTTPD
from processes import ROOT
from status_forms import STATUS
from supervised import APPLICATIONS, PERL, SUPERVISOR, Gate, Host, Named, Supervisor

# More at once than one child has threads for.
SIZES = (
    "ServerLimit 4\nStartServers 4\nThreadsPerChild 4\nThreadLimit 4\nMaxRequestWorkers 16\n"
    "MinSpareThreads 1\nMaxSpareThreads 16\n"
)


@pytest.fixture(scope="session")
def commands(tmp_path_factory):
    """Applications that answer alike, by what they are made with."""
    program = tmp_path_factory.mktemp("libfcgi") / "count"
    source = APPLICATIONS / "count.c"
    subprocess.run(["gcc", "-O2", "-Wall", "-Werror", "-o", program, source, "-lfcgi"], check=True)
    python = ROOT / ".venv" / "bin" / "python"
    names = ("flipflop", "flup", "asyncio")
    return {
        "perl": PERL, "libfcgi": [program], "php-cgi": ["php-cgi", "-q"],
        **{name: [python, APPLICATIONS / ("count_%s.py" % name)] for name in names},
    }  # fmt: skip


@pytest.fixture
def start_supervisor(start):
    return lambda *options, **more: start(Supervisor, *options, **more)


@pytest.fixture
def start_host(start, directory):
    return lambda *settings, **options: start(Host, directory / "run", *settings, **options)


@pytest.fixture
def named(directory):
    """The application of start_host, for gateway-supervisor."""
    return Named(directory / "run")


@pytest.fixture
def public(directory):
    """A copy of the applications where httpd's user finds them."""
    place = directory / "applications"
    shutil.copytree(APPLICATIONS, place)
    place.chmod(0o755)
    return place


@pytest.fixture
def start_httpd(start, directory):
    def start_httpd(mpm, lines, **options):
        runtime = "GatewayRuntimeDir %s/run\nGatewaySupervisor %s\n" % (directory, SUPERVISOR)
        return start(HTTPD, mpm, runtime + lines, **options)

    return start_httpd


@pytest.fixture
def gate(directory):
    gate = Gate(directory)
    yield gate
    gate.let_go()


@pytest.fixture
def serve_status(start_httpd, public, gate):
    """httpd with a status page, the application wiki, and others if they are named."""

    def serve_status(settings="processes=2", lines="", names=("wiki",)):
        for name in names:
            lines += "GatewayApplication %s %s env:HOLD=%s -- perl %s/count.pl\n" % (
                name, settings, gate.directory, public)  # fmt: skip
            lines += 'ProxyPass "/%s/" "gateway://%s/"\n' % (name, name)
        return start_httpd("event", STATUS + lines, sizes=SIZES)

    return serve_status


@pytest.fixture
def send():
    """Sends a GET, whose answer is not waited for."""
    clients = []

    def send(httpd, target):
        clients.append(Client(httpd.port))
        clients[-1].send("GET", target)
        return clients[-1]

    yield send
    for client in clients:
        client.socket.close()
