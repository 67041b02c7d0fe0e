# SPDX-License-Identifier: Apache-2.0
"""What a process sent to an application, as strace saw it, call by call."""

import re
from collections import namedtuple

import fastcgi

# One file per thread, every string whole and in hexadecimal; -D keeps the traced program ours.
COMMAND = ["strace", "-D", "-ff", "-xx", "-s", "200000", "-e"]
CALLS = "trace=connect,close,write,writev,pwritev2,sendto,sendmsg,sendmmsg,sendfile,splice"

Call = namedtuple("Call", "name content sent")

CALL = re.compile(r"^(\w+)\((\d+)(.*)\) = (-?\d+|\?)")
TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
PIECE = re.compile(r'iov_base="((?:\\x[0-9a-f]{2})*)"')


def wrapper(prefix):
    """The words to put before a command, whose trace then lies in files that begin with prefix."""
    return [*COMMAND, CALLS, "-o", str(prefix)]


def unescape(text):
    return bytes.fromhex(text.replace("\\x", ""))


def sends_to(prefix, address):
    """For each connection that was made to a "unix:" address, the calls that sent on it."""
    path = address.partition(":")[2].encode()
    connections = []
    for file in sorted(prefix.parent.glob(prefix.name + ".*")):
        descriptors = {}
        for line in file.read_text().splitlines():
            match = CALL.match(line)
            if not match:
                continue
            name, descriptor, arguments, result = match.groups()
            if name == "connect" and path in [unescape(t) for t in TEXT.findall(arguments)]:
                descriptors[descriptor] = []
                connections.append(descriptors[descriptor])
            elif name == "close":
                descriptors.pop(descriptor, None)
            elif descriptor in descriptors:
                pieces = (PIECE if "iov_base" in arguments else TEXT).findall(arguments)
                content = b"".join(unescape(piece) for piece in pieces)
                descriptors[descriptor].append(Call(name, content, int(result)))
    return connections


def records_of(call):
    """The records that one call sent, whole to the last byte, as (type name, content) pairs."""
    assert call.sent == len(call.content), "%s took only a part" % call.name
    records, rest = fastcgi.split_records(call.content)
    assert rest == b"", "%s ends inside a record" % call.name
    return [(fastcgi.TYPE_NAMES[record.type], record.content) for record in records]
