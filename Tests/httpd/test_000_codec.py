# SPDX-License-Identifier: Apache-2.0
"""The Python codec and the responder against each other, without the library."""

import socket

import fastcgi
from behaviours import BEHAVIOURS, body_for


def ask(address, params, body=b"", flags=0):
    """Everything that an application sends for one request, as records, and what is left."""
    kind, _, path = address.partition(":")
    assert kind == "unix"
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        connection.sendall(
            fastcgi.begin_request(1, flags)
            + fastcgi.stream(fastcgi.PARAMS, 1, fastcgi.encode_pairs(params))
            + fastcgi.stream(fastcgi.STDIN, 1, body)
        )
        received = b""
        try:
            while piece := connection.recv(65536):
                received += piece
        except ConnectionResetError:
            pass
        return fastcgi.split_records(received)


def test_pairs_of_every_length_survive():
    pairs = [(b"n" * n, b"v" * v) for n in (1, 127, 128, 70000) for v in (0, 127, 128, 65536)]
    assert fastcgi.decode_pairs(fastcgi.encode_pairs(pairs)) == pairs


def test_answer_names_the_query(responder):
    records, rest = ask(responder("answer"), [(b"QUERY_STRING", b"n=7&size=70000")])
    assert rest == b""
    assert records[-1].type == fastcgi.END_REQUEST
    output = b"".join(r.content for r in records if r.type == fastcgi.STDOUT)
    assert output.partition(b"\r\n\r\n")[2] == body_for(b"n=7&size=70000")


def test_early_close_leaves_stdin_unread_and_its_answer_readable(responder):
    records, rest = ask(responder("early-close"), [(b"QUERY_STRING", b"n=1")])
    assert rest == b"" and records[-1].type == fastcgi.END_REQUEST


def test_every_behaviour_says_what_it_does():
    for name, function in BEHAVIOURS.items():
        assert function.__doc__ and "\n" not in function.__doc__, name
