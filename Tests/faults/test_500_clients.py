# SPDX-License-Identifier: Apache-2.0
"""Clients that leave, by an orderly close or a reset, and hosts that give up: at each stage."""

import socket

import pytest
from application import RESET
from gateway import BODY, DRIVERS, HEAD, KEEP_CONNECTIONS, Backend, Request
from rows import describe, patiently, query_of

LARGE = 1_000_000
# The stage, what is sent of the request, what the application does, and whether it is asked.
STAGES = [
    ("in the request line", "GET /unix-hasty/?fau", "answer", False),
    ("in the fields", "GET /unix-hasty/?%s HTTP/1.1\r\nHo", "answer", False),
    ("before the body", "POST /unix-hasty/?%s HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n",
     "waits", None),
    ("in the body", "POST /unix-hasty/?%s HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"
     + "x" * 300_000, "waits", None),
    ("in a chunk", "POST /unix-hasty/?%s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
     "4\r\nfour\r\n9\r\nfive", "waits", None),
    ("before the answer", "GET /unix-hasty/?%s HTTP/1.1\r\nHost: a\r\n\r\n", "waits", True),
    ("in the answer", "GET /unix-hasty/?%s HTTP/1.1\r\nHost: a\r\n\r\n", "waits-long&late=1", True),
]  # fmt: skip


def leave(connection, how):
    if how == "rst":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    connection.close()


@pytest.mark.parametrize("how", ["fin", "rst"])
@pytest.mark.parametrize("stage, request_text, fault, is_run", STAGES, ids=[s[0] for s in STAGES])
def test_client_leaves(table, stage, request_text, fault, is_run, how):
    """STDIN ends only where the body did, and is aborted otherwise. The next client is served: on
    the connection only where the answer on it came to its end."""

    def play(column, case):
        query = query_of(fault)
        connection = socket.create_connection(("127.0.0.1", column.port), 10)
        text = request_text % query if "%s" in request_text else request_text
        connection.sendall(text.encode())
        if is_run and not column.is_stock:
            table.application.wait_for(query)
        if stage == "in the answer":
            connection.recv(1)
        leave(connection, how)
        behind = query_of("last")
        table.application.abandon(query)
        with column.visit("unix-hasty") as ask:
            after = describe(patiently(ask, behind), behind)
        talks = table.application.talks(query)
        cell, wrong = "next " + after, None if after == "right" else "the next answer is " + after
        if talks and not column.is_stock:
            # One whose answer came to its end may rest.
            ending = "kept" if talks[-1].settles() else talks[-1].what_became()
            stdin = talks[-1].stdin
            cell = "STDIN %s, %s, %s" % (stdin, ending, cell)
            is_whole = talks[-1].is_answered and ending in ("kept", "reused")
            right = "ended" if request_text.startswith("GET") else "aborted"
            if stdin != right or len(talks) != 1 or not (is_whole or ending == "closed"):
                wrong = cell
        if is_run is False and talks:
            wrong = "it was run"
        return cell, wrong

    title = "the client leaves %s, %s" % (stage, how)
    table.row(title, None, play=play, only=lambda column: column.is_server)


# The driver, the event at which it is given up, what the application does.
GIVING_UP = [
    ("blocking", HEAD, "waits&at=in-body"),
    ("blocking", BODY, "waits&at=in-body"),
    ("non-blocking", "wait", "waits"),
    ("non-blocking", HEAD, "waits&at=in-body"),
    ("non-blocking", BODY, "waits&at=in-body"),
]


@pytest.mark.parametrize("transport", ["unix", "tcp"])
@pytest.mark.parametrize("driver, event, fault", GIVING_UP)
@pytest.mark.parametrize("body", [b"", b"x" * LARGE], ids=["GET", "POST"])
def test_host_gives_up(table, driver, event, fault, body, transport):
    """The same, where the host is at work: the application ends its answer meanwhile."""

    def play(column, case):
        query, behind = query_of(fault), query_of("last")
        params = [(b"REQUEST_METHOD", b"POST" if body else b"GET"),
                  (b"QUERY_STRING", query.encode())]  # fmt: skip
        with Backend(column.roads[transport], flags=KEEP_CONNECTIONS) as backend:
            with Request(backend, params, body) as request:
                answer = DRIVERS[driver](backend, request, event)
            if transport == "tcp" and event == "wait":
                # It still connects.
                return answer.outcome, answer.outcome if answer.outcome != "cancelled" else None
            talk = table.application.wait_for(query)
            talk.stopped.set()
            after = describe(column.ask(backend, behind, "GET", b""), behind)
            for _ in range(1000):
                if talk.ended.wait(0.01):
                    break
                backend.maintain()
        cell = "%s, STDIN %s, %s, next %s" % (answer.outcome, talk.stdin, talk.ending, after)
        is_whole = len(talk.body) == len(body)
        right = "cancelled, STDIN %s, closed, next right" % ("ended" if is_whole else "aborted")
        return cell, None if cell == right else cell

    what = {HEAD: "the head", BODY: "the body", "wait": "the first wait"}[event]
    title = "the host gives up at %s, %s, %s" % (what, "POST" if body else "GET", transport)
    table.row(title, None, play=play, only=lambda column: column.name == driver)
