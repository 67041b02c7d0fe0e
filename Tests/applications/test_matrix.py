# SPDX-License-Identifier: Apache-2.0
"""Application x transport x reuse x case, through the library in a C host.

Each host process sends all cases to one application, one after the other, and compares every
answer itself. The table at the end (conftest.py) shows a letter for each combination.
"""

import subprocess
import threading

import applications
import pytest
from cases import CASES
from long_form import IS_LONG

# fcgiwrap starts a process for each.
REPEAT = 3 if IS_LONG else 1
LIBRARY = applications.ROOT / ".build" / "release" / "libgateway.so"

# Name, method, bytes of body (-1: none), threads, requests of each, query.
LINES = [
    (case.name, case.method, -1 if case.body is None else len(case.body), 1, 2, case.query)
    for case in CASES
] + [
    ("unread-5m", "POST", 5000000, 1, 2, "case=unread"),
    ("64-at-once", "GET", -1, 64, REPEAT, "case=id&token=t@"),
    ("64-sleeping", "GET", -1, 64, REPEAT, "case=sleep&ms=100"),
    ("64-posting", "POST", 65536, 64, REPEAT, "case=post"),
    ("64-receiving", "GET", -1, 64, 1, "case=down&size=300000&length=0"),
    ("id-again", "GET", -1, 1, 20, "case=id&token=t@"),
]
SECONDS_MAX = 240
NAMES = [line[0] for line in LINES]
RUNS = [
    (name, transport, reuse)
    for name in applications.NAMES
    for transport in applications.TRANSPORTS
    for reuse in ("close", "keep")
]


@pytest.fixture(scope="session")
def host():
    """The C host, linked with the library under its SONAME."""
    folder = applications.BUILT / "lib"
    folder.mkdir(parents=True, exist_ok=True)
    soname = folder / "libgateway.so.0"
    soname.unlink(missing_ok=True)
    soname.symlink_to(LIBRARY)
    compiler = ["cc", "-std=c99", "-D_POSIX_C_SOURCE=200809L", "-O2", "-Wall", "-Wextra", "-Werror"]
    compiler.append("-I%s" % (applications.ROOT / "include"))
    libraries = [str(soname), "-Wl,-rpath,%s" % folder, "-lcrypto", "-lpthread"]
    source = applications.HERE / "matrix_host.c"
    return applications.built("matrix_host", source, compiler, libraries)


@pytest.fixture(scope="module", params=RUNS, ids=lambda run: "-".join(run))
def results(request, host):
    """What the host says of each case: a list of words, of which the first is ok or failed."""
    name, transport, reuse = request.param
    with applications.start(name, transport) as running:
        known = running.application
        traits = ["sends-stderr"] * known.sends_stderr + ["refuses-unread"] * known.refuses_unread
        lines = "".join(" ".join(map(str, line)) + "\n" for line in LINES)
        command = [host, running.address, running.script, reuse, *traits]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            overdue = threading.Timer(SECONDS_MAX, process.kill)
            overdue.start()
            output, _ = process.communicate(lines)
            overdue.cancel()
    said = dict(line.split(" ", 1) for line in output.splitlines())
    unsaid = "failed: the host ended with %d before" % process.returncode
    results = {case: said.get(case, unsaid) for case in NAMES}
    request.config.matrix[request.param] = results
    return results


@pytest.mark.parametrize("case", NAMES)
def test_case(results, case):
    assert results[case].startswith("ok"), results[case]


def test_connections_are_reused_where_they_can_be(results, request):
    name, _, reuse = request.node.callspec.params["results"]
    reused = sum(int(said.split()[1]) for said in results.values() if said.startswith("ok"))
    if reuse == "keep" and applications.APPLICATIONS[name].keeps_connections:
        assert int(results["id-again"].split()[1]) >= 19
    else:
        assert reused == 0
