# SPDX-License-Identifier: Apache-2.0
"""FastCGI 1.0 records as Python values: enough to play an application, or to read a trace.

It is written apart from the library on purpose: a mistake in one shows against the other.
"""

import struct
from collections import namedtuple

BEGIN_REQUEST, ABORT_REQUEST, END_REQUEST = 1, 2, 3
PARAMS, STDIN, STDOUT, STDERR = 4, 5, 6, 7
DATA, GET_VALUES, GET_VALUES_RESULT, UNKNOWN_TYPE = 8, 9, 10, 11

TYPE_NAMES = {
    1: "BEGIN_REQUEST",
    2: "ABORT_REQUEST",
    3: "END_REQUEST",
    4: "PARAMS",
    5: "STDIN",
    6: "STDOUT",
    7: "STDERR",
    8: "DATA",
    9: "GET_VALUES",
    10: "GET_VALUES_RESULT",
    11: "UNKNOWN_TYPE",
}

REQUEST_COMPLETE, CANT_MPX_CONN, OVERLOADED, UNKNOWN_ROLE = 0, 1, 2, 3
RESPONDER, AUTHORIZER = 1, 2
KEEP_CONN = 1

CONTENT_MAX = 65535

Record = namedtuple("Record", "type request_id content")


def record(type, request_id, content=b"", padding=None, version=1):
    """One record as bytes, padded to a multiple of eight unless told otherwise."""
    if padding is None:
        padding = -len(content) % 8
    header = struct.pack("!BBHHBx", version, type, request_id, len(content), padding)
    return header + content + bytes(padding)


def stream(type, request_id, content, end=True):
    """A stream's content in as many records as it takes, with its empty record when it ends."""
    pieces = []
    for at in range(0, len(content), 65528):
        pieces.append(record(type, request_id, content[at : at + 65528]))
    if end:
        pieces.append(record(type, request_id))
    return b"".join(pieces)


def begin_request(request_id, flags=0, role=RESPONDER):
    return record(BEGIN_REQUEST, request_id, struct.pack("!HB5x", role, flags))


def end_request(request_id, protocol_status=REQUEST_COMPLETE, application_status=0):
    content = struct.pack("!IB3x", application_status, protocol_status)
    return record(END_REQUEST, request_id, content)


def encode_pairs(pairs):
    """Name-value pairs, FastCGI 1.0 section 3.4."""
    pieces = []
    for name, value in pairs:
        pieces += [_length(name), _length(value), name, value]
    return b"".join(pieces)


def decode_pairs(content):
    """The pairs of a params stream, in their order. Raises ValueError where one is cut off."""
    pairs, at = [], 0
    while at < len(content):
        name_length, at = _read_length(content, at)
        value_length, at = _read_length(content, at)
        end = at + name_length + value_length
        if end > len(content):
            raise ValueError("a pair runs past the end of its stream")
        pairs.append((content[at : at + name_length], content[at + name_length : end]))
        at = end
    return pairs


def split_records(data):
    """The records that lie whole in data, and the bytes that are left over."""
    records, at = [], 0
    while len(data) - at >= 8:
        version, type, request_id, length, padding = struct.unpack_from("!BBHHBx", data, at)
        if version != 1:
            raise ValueError("no FastCGI record at offset %d" % at)
        end = at + 8 + length + padding
        if end > len(data):
            break
        records.append(Record(type, request_id, data[at + 8 : at + 8 + length]))
        at = end
    return records, data[at:]


def receive_exactly(connection, count):
    """Exactly count bytes, so that nothing after them leaves the kernel; None at an early end."""
    pieces = []
    while count > 0:
        piece = connection.recv(min(count, 1 << 16))
        if not piece:
            return None
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)


def receive_record(connection):
    """The next record, read without a byte of the one after it; None when the peer has closed."""
    header = receive_exactly(connection, 8)
    if header is None:
        return None
    version, type, request_id, length, padding = struct.unpack("!BBHHBx", header)
    if version != 1:
        raise ValueError("version %d is no FastCGI" % version)
    content = receive_exactly(connection, length + padding)
    return None if content is None else Record(type, request_id, content[:length])


def _length(text):
    return bytes([len(text)]) if len(text) < 128 else struct.pack("!I", len(text) | 1 << 31)


def _read_length(content, at):
    if content[at] < 128:
        return content[at], at + 1
    if at + 4 > len(content):
        raise ValueError("a length is cut off")
    return struct.unpack_from("!I", content, at)[0] & 0x7FFFFFFF, at + 4
