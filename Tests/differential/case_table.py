# SPDX-License-Identifier: Apache-2.0
"""Cases: what is configured, what is asked, what the application does; and how they are found."""

import importlib
import random
from dataclasses import dataclass, field
from pathlib import Path

from raw_client import Request, sends_request

CASES = Path(__file__).parent / "cases"


@dataclass
class Fragment:
    """Configuration lines of one virtual host, with a port of its own on both sides.

    @unix@ and @tcp@ stand for the scripted application, as worker URLs without a path, @php@ for
    php-fpm; @site@ is the directory of the pages, @side@ a directory that each side has for
    itself, @name@ a name that no other virtual host has.
    """

    lines: str
    tls: bool = False


@dataclass
class Server:
    """Lines of a whole server, for what cannot stand in a virtual host."""

    lines: str = ""
    mpm: str = "event"
    without: tuple = ()


@dataclass(eq=False)
class Case:
    """One pair: id is FILE:NAME once the case has been found."""

    name: str
    fragment: str
    client: object = field(default_factory=lambda: sends_request(Request()))
    application: object = None
    # It takes its seconds, so that it begins first; what comes later than these is "nothing".
    slow: bool = False
    patience: float = 15.0
    # The short form has it in any case.
    short: bool = False
    # What the client leaves unread, the log has otherwise on each run.
    partial: bool = False
    id: str = ""
    group: object = None


@dataclass(eq=False)
class Group:
    """One file of cases."""

    name: str
    fragments: dict
    cases: list
    server: Server
    # One after the other, after all others.
    serial: bool = False
    short: int = 100


UNIX = "unix:@side@/app.sock|fcgi://@name@"
# What most cases are asked through: two transports, connections kept and not.
COMMON = {
    "unix": Fragment('ProxyPass "/" "%s/"\n' % UNIX),
    "unix kept": Fragment('ProxyPass "/" "%s/" enablereuse=on\n' % UNIX),
    "tcp": Fragment('ProxyPass "/" "fcgi://@tcp@/"\n'),
    "tcp kept": Fragment('ProxyPass "/" "fcgi://@tcp@/" enablereuse=on\n'),
    "handler": Fragment('<Location "/">\n    SetHandler "proxy:%s/"\n</Location>\n' % UNIX),
    "php": Fragment(
        '<FilesMatch "\\.php$">\n    SetHandler "proxy:@php@|fcgi://@name@/"\n</FilesMatch>\n'
    ),
}


def load_groups(seed):
    """All groups, by the names of their files."""
    groups = []
    for path in sorted(CASES.glob("*.py")):
        module = importlib.import_module("cases." + path.stem)
        group = Group(
            path.stem,
            {**COMMON, **getattr(module, "FRAGMENTS", {})},
            [],
            getattr(module, "SERVER", Server()),
            getattr(module, "SERIAL", False),
            getattr(module, "SHORT", 100),
        )
        # The same cases for the same seed, whatever else is run.
        for case in module.cases(random.Random("%s %s" % (seed, path.stem))):
            case.id, case.group = "%s:%s" % (path.stem, case.name), group
            assert case.fragment in group.fragments, "%s: no fragment %s" % (case.id, case.fragment)
            group.cases.append(case)
        names = [case.name for case in group.cases]
        doubles = {name for name in names if names.count(name) > 1} if len(names) < 2000 else ()
        assert not doubles, "%s: two cases have one name: %s" % (path.stem, sorted(doubles)[:5])
        groups.append(group)
    return groups


def short_form(group):
    """Those that are marked, and of the others as many as the group says, always the same."""
    marked = {case for case in group.cases if case.short}
    others = [case for case in group.cases if not case.short]
    wanted = min(len(others), max(0, group.short - len(marked)))
    marked |= set(random.Random(group.name).sample(others, wanted))
    return [case for case in group.cases if case in marked]


def choose(groups, patterns, is_long):
    """The cases to run: by id or the beginning of one, or those of the form."""
    if patterns:
        every = [case for group in groups for case in group.cases]
        exact = [case for case in every if case.id in patterns]
        return exact or [case for case in every if case.id.startswith(tuple(patterns))]
    return [case for group in groups for case in (group.cases if is_long else short_form(group))]
