# SPDX-License-Identifier: Apache-2.0
"""Runs pairs: each case on both sides at once, many cases beside each other, then the logs."""

import asyncio
import contextlib
import time

import logs
from observation import Run, differences, observe
from raw_client import RawClient
from difference_rows import Difference, explain
from twins import PHPPools, Twin, make_site

BESIDE_EACH_OTHER = 12
# Of those that wait, which cost nothing meanwhile.
WAITING = 80
APPLICATION_SECONDS = 12
TIMES = ("head at", "end at", ".D", "occupied")


class Result:
    """What came of one pair, or of what concerns no single one."""

    def __init__(self, name, fragment):
        self.id, self.fragment = name, fragment
        self.differences, self.faults = [], []

    @property
    def passed(self):
        return not self.faults and all(names for _, names in self.differences)


async def run_all(directory, cases, table):
    """The results of all cases, each server's in turn."""
    php_directory = directory / "php"
    php_directory.mkdir()
    php_directory.chmod(0o777)
    php = PHPPools(php_directory)
    make_site(directory / "site")
    results = []
    try:
        for number, chosen in enumerate(by_server(cases)):
            results += await run_twin(directory / str(number), chosen, table, php)
    finally:
        php.stop()
    return results


def by_server(cases):
    found = {}
    for case in cases:
        server = case.group.server
        key = (server.lines, server.mpm, server.without)
        found.setdefault(key, []).append(case)
    return found.values()


async def run_twin(directory, cases, table, php):
    used = {(case.group.name, case.fragment): (case.group, case.fragment) for case in cases}
    twin = Twin(directory, cases[0].group.server, list(used.values()), php)
    try:
        twin.start()
        runs = await run_pairs(twin, cases)
        results = compare(twin, cases, runs, table)
        again = [case for case, result in results if only_times(result)]
        if again:
            results = await repeat(twin, again, results, table)
        results = [result for _, result in results]
        for key, text in logs.crashes(twin):
            crash = Result("%s:a child of side %s died" % (cases[0].group.name, key), "")
            crash.faults.append(text)
            results.append(crash)
        return results
    finally:
        twin.stop()


def only_times(result):
    """Whether nothing but times is left unexplained: a busy machine can do that."""
    left = [difference for difference, names in result.differences if not names]
    return bool(left) and all(d.path.endswith(TIMES) for d in left)


async def repeat(twin, again, results, table):
    """What was late, once more: what is late for a reason is late again."""
    print("once more, for their times: %s" % ", ".join(case.id for case in again))
    for case in again:
        case.id += "'"
    runs = await run_pairs(twin, again)
    once_more = dict(compare(twin, again, runs, table, of_host=False))
    for case in again:
        once_more[case].id = case.id = case.id.rstrip("'")
    return [(case, once_more.get(case, old)) for case, old in results]


async def run_pairs(twin, cases):
    """Those that wait for something begin first; the serial ones come last."""
    at_once, waiting = asyncio.Semaphore(BESIDE_EACH_OTHER), asyncio.Semaphore(WAITING)
    runs = {}

    async def bounded(case):
        async with waiting if case.slow else at_once:
            runs[case] = await run_pair(twin, case)

    together = [case for case in cases if case.slow or not case.group.serial]
    await asyncio.gather(*(bounded(case) for case in sorted(together, key=lambda c: not c.slow)))
    for case in cases:
        if case not in runs:
            runs[case] = await run_pair(twin, case)
    return runs


async def run_pair(twin, case):
    runs = [Run(case, side) for side in twin.sides]
    for run in runs:
        run.side.application.runs[case.id.encode()] = run
    await asyncio.gather(*(run_side(twin, run) for run in runs))
    return runs


async def run_side(twin, run):
    host = twin.ports[(run.case.group.name, run.case.fragment)]
    run.host = host

    async def connect(**options):
        client = RawClient(run, (run.side.address, host.port), host.fragment.tls)
        run.clients.append(client)
        return await client.connect(**options)

    try:
        await asyncio.wait_for(run.case.client(run, connect), run.case.patience)
    except asyncio.TimeoutError:
        run.notes["patience"] = "nothing more for %g s" % run.case.patience
    except Exception as error:  # A fault of a case must show, and not end the others.
        run.notes["fault"] = repr(error)
    run.client_left = run.client_left or time.monotonic()
    for client in run.clients:
        client.close()
    deadline = time.monotonic() + APPLICATION_SECONDS
    with contextlib.suppress(asyncio.CancelledError):
        while run.active and time.monotonic() < deadline:
            await asyncio.sleep(0.01)


def compare(twin, cases, runs, table, of_host=True):
    logs.await_access([run for pair in runs.values() for run in pair])
    left = logs.give_errors(twin, [run for pair in runs.values() for run in pair])
    results = []
    for case in cases:
        ours, stock = (observe(run) for run in runs[case])
        result = Result(case.id, case.fragment)
        for path, (theirs, own) in differences(ours, stock).items():
            difference = Difference(case, path, theirs, own, stock, ours)
            result.differences.append((difference, explain(table, difference)))
        if "client.fault" in ours:
            result.faults.append("the client failed: " + ours["client.fault"])
        results.append((case, result))
    if of_host:
        results += [(None, result) for result in of_hosts(left)]
    return results


def of_hosts(left):
    """Lines that belong to no request: only one side's are a fault."""
    for host, sides in left.items():
        ours, stock = (sorted({t.split(":")[0] for _, t in sides.get(k, [])}) for k in "ab")
        if ours != stock:
            result = Result("%s:lines of %s" % (host.group.name, host.fragment_name), host.name)
            result.faults = ["stock: %s" % sides.get("b"), "ours: %s" % sides.get("a")]
            yield result
