# SPDX-License-Identifier: Apache-2.0
"""include/gateway.h for Python, as far as the faults need it, with both drivers."""

import ctypes
import select
from collections import namedtuple
from ctypes import POINTER, byref, c_char, c_char_p, c_int32, c_size_t, c_uint32, c_uint64, c_void_p

from library import LIBRARY

OK, AGAIN = 0, 1
HEAD, BODY, STDERR, WANTS_BODY, END = 1, 2, 3, 4, 5
KEEP_CONNECTIONS, NONBLOCKING = 1, 1
REUSED, RETRIED, HEAD_SENT = 0x1, 0x2, 0x8
WAIT_READ, WAIT_WRITE, WAIT_FOREVER = 1, 2, 0xFFFFFFFF


class Sized(ctypes.Structure):
    """A structure that begins with its size."""

    def __init__(self, **values):
        super().__init__(size=ctypes.sizeof(type(self)), **values)


class Bytes(ctypes.Structure):
    _fields_ = [("bytes", c_void_p), ("length", c_size_t)]

    def __bytes__(self):
        return ctypes.string_at(self.bytes, self.length) if self.length else b""


class Field(ctypes.Structure):
    _fields_ = [("name", Bytes), ("value", Bytes)]


BACKEND_NUMBERS = (
    "flags connect_timeout_ms send_timeout_ms head_timeout_ms read_timeout_ms total_timeout_ms"
    " io_buffer_size max_head_size max_head_fields max_params_size max_stderr_size"
    " idle_timeout_ms max_idle max_requests_per_connection max_connection_age_ms"
    " max_connections max_active max_endpoint_active queue_length queue_timeout_ms"
)


class BackendOptions(Sized):
    _fields_ = [("size", c_size_t), *((name, c_uint32) for name in BACKEND_NUMBERS.split()),
                ("max_spooled_size", c_uint64),
                ("drain_timeout_ms", c_uint32), ("drain_size", c_uint32)]  # fmt: skip


class ExchangeOptions(Sized):
    _fields_ = [("size", c_size_t), ("flags", c_uint32), ("supplied", c_uint32),
                ("descriptor", c_int32), ("request_id", c_uint32),
                ("previous_request_id", c_uint32), ("connect_timeout_ms", c_uint32),
                ("send_timeout_ms", c_uint32), ("head_timeout_ms", c_uint32),
                ("read_timeout_ms", c_uint32), ("total_timeout_ms", c_uint32)]  # fmt: skip


class Event(Sized):
    _fields_ = [("size", c_size_t), ("type", c_uint32), ("flags", c_uint32),
                ("http_status", c_uint32), ("fields", POINTER(Field)),
                ("field_count", c_size_t), ("data", Bytes), ("reason", Bytes)]  # fmt: skip


class Wait(Sized):
    _fields_ = [("size", c_size_t), ("descriptor", c_int32), ("interest", c_uint32),
                ("timeout_ms", c_uint32)]  # fmt: skip


TIMES = "bytes_sent bytes_received body_bytes stderr_dropped queued_us connected_us sent_us" \
    " first_byte_us total_us"


class Result(Sized):
    _fields_ = [("size", c_size_t), ("outcome", c_uint32), ("stage", c_uint32),
                ("flags", c_uint32), ("http_status", c_uint32), ("application_status", c_uint32),
                ("error_number", c_int32), *((name, c_uint64) for name in TIMES.split()),
                ("retry_after_s", c_uint32), ("message", c_char * 256)]  # fmt: skip


class HTTPRequest(Sized):
    _fields_ = [("size", c_size_t), ("flags", c_uint32), ("script_rule", c_uint32),
                ("method", Bytes), ("target", Bytes), ("protocol", Bytes),
                ("fields", POINTER(Field)), ("field_count", c_size_t), ("script", Bytes),
                ("index", Bytes), ("document_root", Bytes), ("script_filename", Bytes),
                ("server_name", Bytes), ("server_address", Bytes), ("server_port", c_uint32),
                ("remote_port", c_uint32), ("remote_address", Bytes), ("remote_user", Bytes),
                ("auth_type", Bytes), ("server_software", Bytes)]  # fmt: skip


HEAD_FUNCTION = ctypes.CFUNCTYPE(c_uint32, c_void_p, c_uint32, POINTER(Field), c_size_t)
DATA_FUNCTION = ctypes.CFUNCTYPE(c_uint32, c_void_p, c_void_p, c_size_t)


class Callbacks(Sized):
    _fields_ = [("size", c_size_t), ("head", HEAD_FUNCTION), ("body", DATA_FUNCTION),
                ("error_text", DATA_FUNCTION)]  # fmt: skip


# What an exchange came to; status is the application's or the one to answer with.
Answer = namedtuple("Answer", "outcome stage flags status body message")

calls = ctypes.CDLL(str(LIBRARY))
for name in ("gateway_outcome_name", "gateway_stage_name", "gateway_status_name"):
    getattr(calls, name).restype = c_char_p


def check(status):
    assert status == OK, calls.gateway_status_name(status).decode()


def in_memory(text):
    """As Bytes; the caller keeps text."""
    return Bytes(ctypes.cast(c_char_p(text), c_void_p), len(text))


class Backend:
    """A gateway with one backend."""

    def __init__(self, address, **options):
        self.gateway, self.handle = c_void_p(), c_void_p()
        check(calls.gateway_open(None, byref(self.gateway)))
        options = BackendOptions(**options)
        check(calls.gateway_backend_open(
            self.gateway, address.encode(), byref(options), byref(self.handle)))  # fmt: skip

    def __enter__(self):
        return self

    def __exit__(self, *_):
        calls.gateway_backend_close(self.handle)
        calls.gateway_close(self.gateway)

    def maintain(self):
        check(calls.gateway_maintain(self.gateway))


class Request:
    """A request of raw params, or of HTTP by its http method."""

    def __init__(self, backend, params=(), body=b""):
        self.handle, self.body = c_void_p(), body
        check(calls.gateway_request_open(backend.handle, byref(self.handle)))
        for name, value in params:
            check(self.param(name, value))
        if body:
            size = c_size_t(len(body))
            check(calls.gateway_request_body_bytes(self.handle, c_char_p(body), size))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        calls.gateway_request_close(self.handle)

    def param(self, name, value):
        return calls.gateway_request_param(
            self.handle, c_char_p(name), c_size_t(len(name)), c_char_p(value), c_size_t(len(value)))

    def http(self, method, target, fields=()):
        """gateway_request_http's status, by name."""
        all_fields = (Field * len(fields))(
            *(Field(in_memory(name), in_memory(value)) for name, value in fields))
        request = HTTPRequest(method=in_memory(method), target=in_memory(target),
                              fields=all_fields, field_count=len(fields))  # fmt: skip
        status = calls.gateway_request_http(self.handle, byref(request))
        return calls.gateway_status_name(status).decode()


def answer_of(result, body):
    return Answer(
        calls.gateway_outcome_name(result.outcome).decode(),
        calls.gateway_stage_name(result.stage).decode(),
        result.flags, result.http_status, body, result.message.decode())  # fmt: skip


def run_blocking(backend, request, stop_at=None):
    """gateway_handle; it is given up in the callback of the event stop_at."""
    pieces = []

    def head(_, status, fields, count):
        return stop_at == HEAD

    def body(_, data, length):
        pieces.append(ctypes.string_at(data, length))
        return stop_at == BODY

    callbacks = Callbacks(head=HEAD_FUNCTION(head), body=DATA_FUNCTION(body))
    result = Result()
    check(calls.gateway_handle(
        backend.handle, request.handle, None, byref(callbacks), None, byref(result)))  # fmt: skip
    return answer_of(result, b"".join(pieces))


def run_nonblocking(backend, request, stop_at=None):
    """gateway_exchange_next with poll. It is given up at an event, or at the first wait."""
    exchange, options = c_void_p(), ExchangeOptions(flags=NONBLOCKING)
    check(calls.gateway_exchange_open(
        backend.handle, request.handle, byref(options), byref(exchange)))  # fmt: skip
    pieces, event, result = [], Event(), Result()
    try:
        while True:
            status = calls.gateway_exchange_next(exchange, byref(event))
            now = "wait" if status == AGAIN else event.type
            if now == BODY:
                pieces.append(bytes(event.data))
            if status != AGAIN:
                check(status)
                if now == END:
                    break
            if now == stop_at:
                check(calls.gateway_exchange_cancel(exchange))
            elif status == AGAIN:
                wait(exchange)
        check(calls.gateway_exchange_result(exchange, byref(result)))
    finally:
        calls.gateway_exchange_close(exchange)
    return answer_of(result, b"".join(pieces))


def wait(exchange):
    due = Wait()
    check(calls.gateway_exchange_wait(exchange, byref(due)))
    poller = select.poll()
    if due.descriptor >= 0:
        events = select.POLLIN if due.interest & WAIT_READ else 0
        events |= select.POLLOUT if due.interest & WAIT_WRITE else 0
        poller.register(due.descriptor, events)
    poller.poll(None if due.timeout_ms == WAIT_FOREVER else due.timeout_ms)


DRIVERS = {"blocking": run_blocking, "non-blocking": run_nonblocking}
