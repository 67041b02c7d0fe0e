# SPDX-License-Identifier: Apache-2.0
"""One application, all the ways to ask it, and the table of what was seen, for the session."""


import columns
import ending_scripts  # noqa: F401: its scripts add themselves
import pytest
import record_scripts  # noqa: F401
from application import Application
from fixtures import short_directory
from full_backlog import FullBacklog
from long_form import IS_LONG
from processes import ROOT
from rows import Table
from scripts import AT_ACCEPT, SCRIPTS

ROADS = ("unix", "tcp", "unix-hasty", "tcp-hasty")


@pytest.fixture(scope="session")
def directory():
    with short_directory() as made:
        yield made


@pytest.fixture(scope="session")
def application(directory):
    made = Application(directory, SCRIPTS, AT_ACCEPT)
    yield made
    made.close()


@pytest.fixture(scope="session")
def table(request, directory, application):
    full = FullBacklog(directory / "full.sock")
    roads = {road: application.listen(road, road.partition("-")[0]) for road in ROADS}
    for name in AT_ACCEPT:
        for transport in ("unix", "tcp"):
            roads["%s-%s" % (name, transport)] = application.listen(name, transport)
    roads["full-hasty"] = full.address
    ways = columns.start(directory, roads)
    made = request.config.faults = Table(application, ways)
    yield made
    full.close()
    for way in ways:
        if isinstance(way, columns.Server):
            way.stop()
    output = ROOT / ".test-output"
    output.mkdir(exist_ok=True)
    (output / "faults.txt").write_text("\n".join(made.lines()) + "\n")


@pytest.fixture(scope="session")
def is_long():
    return IS_LONG


def pytest_terminal_summary(terminalreporter, config):
    if hasattr(config, "faults"):
        for line in config.faults.lines():
            terminalreporter.write_line(line)
