# SPDX-License-Identifier: Apache-2.0
"""Each application keeps the contract when it is asked directly, without a gateway."""

import threading

import applications
import client
import pytest
from cases import CASES

PLACES = [(name, transport) for name in applications.NAMES for transport in applications.TRANSPORTS]


@pytest.fixture(scope="module", params=PLACES, ids=lambda place: "-".join(place))
def running(request):
    with applications.start(*request.param) as running:
        yield running


def check(case, answer, application):
    assert answer.status == case.status
    received = [(name.lower(), value) for name, value in answer.fields]
    expected = [(name.lower(), value) for name, value in case.fields]
    names = {name for name, _ in expected}
    assert [pair for pair in received if pair[0] in names] == expected
    if case.method != "HEAD":
        assert answer.body == case.answer, "%d bytes" % len(answer.body)
    if application.sends_stderr:
        assert [line for line in case.stderr if line.encode() not in answer.stderr] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_answers(running, case):
    answer = client.get(
        running, case.query, method=case.method, body=case.body, more=case.params
    )
    check(case, answer, running.application)


def test_keeps_the_connection_as_it_is_said_to(running):
    pairs = client.params(running, "case=id&token=kept")
    with client.connect(running) as connection:
        assert client.exchange(connection, pairs, keep=True).body == b"kept\n"
        if running.application.keeps_connections:
            assert client.exchange(connection, pairs, keep=True).body == b"kept\n"
        else:
            assert connection.recv(1) == b""


def test_answers_many_at_once(running):
    """None of them may be answered before all have been asked."""
    connections = [client.connect(running) for _ in range(applications.CONCURRENCY)]
    answers = [None] * len(connections)

    def ask(number):
        pairs = client.params(running, "case=sleep&ms=300")
        try:
            answers[number] = client.exchange(connections[number], pairs, keep=True).body
        except OSError as error:
            answers[number] = error

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(answers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for connection in connections:
        connection.close()
    assert answers == [b"slept 300\n"] * len(answers)
