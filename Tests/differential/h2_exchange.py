# SPDX-License-Identifier: Apache-2.0
"""Requests over HTTP/2, by TLS or with prior knowledge, that hide no reset and repeat nothing."""

import time

import h2.config
import h2.connection
import h2.events
import h2.exceptions
from raw_client import Response

CLOSED = (h2.exceptions.StreamClosedError, h2.exceptions.ProtocolError)


class H2Connection:
    """One connection; a stream at a time."""

    def __init__(self, raw):
        self.raw = raw
        configuration = h2.config.H2Configuration(
            header_encoding="latin-1", validate_inbound_headers=False
        )
        self.h2 = h2.connection.H2Connection(configuration)
        self.h2.initiate_connection()

    async def request(self, request):
        """The response; whole is False where its stream was reset, framing says by what."""
        response, self.unsent = Response(whole=False), memoryview(request.content())
        self.raw.run.responses.append(response)
        self.response, self.is_over = response, False
        number = self.h2.get_next_available_stream_id()
        head = [(":method", request.method), (":path", request.target), (":scheme", "http"),
                (":authority", request.host), ("x-case", self.raw.run.case.id),
                *((name.lower(), value) for name, value in request.fields)]  # fmt: skip
        self.h2.send_headers(number, head, end_stream=not self.unsent)
        while not self.is_over:
            self._send(number)
            await self.raw.send(self.h2.data_to_send())
            if not await self.raw.more():
                response.framing = "connection closed"
                break
            received, self.raw.buffer = self.raw.buffer, b""
            for event in self.h2.receive_data(received):
                self._take(number, event)
        await self.raw.send(self.h2.data_to_send())
        response.end = time.monotonic() - self.raw.began
        return response

    def _send(self, number):
        try:
            while self.unsent:
                room = self.h2.local_flow_control_window(number)
                size = min(room, self.h2.max_outbound_frame_size, len(self.unsent))
                if size <= 0:
                    return
                is_last = size == len(self.unsent)
                self.h2.send_data(number, bytes(self.unsent[:size]), end_stream=is_last)
                self.unsent = self.unsent[size:]
        except CLOSED:
            self.unsent = memoryview(b"")

    def _take(self, number, event):
        response, kind = self.response, type(event)
        if kind in (h2.events.ResponseReceived, h2.events.InformationalResponseReceived):
            fields = [(n, v) for n, v in event.headers if not n.startswith(":")]
            status = "HTTP/2 %s" % dict(event.headers)[":status"]
            if kind is h2.events.InformationalResponseReceived:
                response.interim.append((status, tuple(fields)))
                return
            response.status, response.fields, response.framing = status, fields, "stream"
            response.first_byte = time.monotonic() - self.raw.began
        elif kind is h2.events.DataReceived:
            response.body += event.data
            if event.flow_controlled_length:
                try:
                    self.h2.acknowledge_received_data(event.flow_controlled_length, number)
                except CLOSED:
                    pass  # Its end was received together with this.
        elif kind is h2.events.StreamEnded:
            response.whole = self.is_over = True
        elif kind is h2.events.StreamReset:
            if not self.is_over:
                response.framing = "reset by %d" % event.error_code
            self.is_over = True
        elif kind is h2.events.ConnectionTerminated:
            response.framing, self.is_over = "goaway", True


def sends_over_h2(*requests):
    """One request after the other on one connection."""

    async def client(run, connect):
        connection = H2Connection(await connect(protocols=("h2",)))
        for request in requests:
            await connection.request(request)

    return client
