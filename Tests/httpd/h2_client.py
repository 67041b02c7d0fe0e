# SPDX-License-Identifier: Apache-2.0
"""An HTTP/2 client that hides nothing: no retry, and a stream that was reset says so."""

import socket
import ssl

import h2.config
import h2.connection
import h2.events
import h2.exceptions

CLOSED = h2.exceptions.StreamClosedError


class Stream:
    """One request and what came of it; reset is the error code of RST_STREAM, or None."""

    def __init__(self, body):
        self.unsent = memoryview(body)
        self.status, self.fields, self.pieces = None, [], []
        self.reset, self.is_over = None, False

    @property
    def body(self):
        return b"".join(self.pieces)

    @property
    def whole(self):
        return self.is_over and self.reset is None


class H2Client:
    """One connection, over TLS or with prior knowledge; a stream at a time."""

    def __init__(self, port, tls=False, seconds=30):
        self.scheme = "https" if tls else "http"
        self.socket = socket.create_connection(("127.0.0.1", port), seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.set_alpn_protocols(["h2"])
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        configuration = h2.config.H2Configuration(header_encoding="utf-8")
        self.connection = h2.connection.H2Connection(configuration)
        self.connection.initiate_connection()
        self._flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def request(self, method, target, body=b"", fields=()):
        """The stream at its end: all sent or no more wanted, and all received or reset."""
        stream, number = Stream(body), self.connection.get_next_available_stream_id()
        head = [(":method", method), (":path", target), (":scheme", self.scheme),
                (":authority", "localhost"), *fields]  # fmt: skip
        self.connection.send_headers(number, head, end_stream=not body)
        self._send(stream, number)
        while not stream.is_over:
            received = self.socket.recv(1 << 16)
            if not received:
                stream.reset = "connection closed"
                return stream
            for event in self.connection.receive_data(received):
                self._take(stream, number, event)
            if not stream.is_over:
                self._send(stream, number)
            self._flush()
        if stream.unsent:
            self._give_up(number)
        return stream

    def _take(self, stream, number, event):
        if getattr(event, "stream_id", number) not in (number, 0):
            return
        if isinstance(event, h2.events.ResponseReceived):
            stream.fields = event.headers
            stream.status = int(dict(event.headers)[":status"])
        elif isinstance(event, h2.events.DataReceived):
            stream.pieces.append(event.data)
            self._make_room(number, event.flow_controlled_length)
        elif isinstance(event, h2.events.StreamReset):
            if not stream.is_over:  # Else nothing but the rest of the body is refused.
                stream.is_over, stream.reset = True, event.error_code
        elif isinstance(event, h2.events.StreamEnded):
            stream.is_over = True
        elif isinstance(event, h2.events.ConnectionTerminated):
            stream.is_over, stream.reset = True, "goaway"

    def _make_room(self, number, size):
        if size:
            self.connection.increment_flow_control_window(size)
            try:
                self.connection.increment_flow_control_window(size, number)
            except CLOSED:
                pass  # Its end was received together with this.

    def _send(self, stream, number):
        try:
            while stream.unsent:
                window = self.connection.local_flow_control_window(number)
                size = min(window, self.connection.max_outbound_frame_size, len(stream.unsent))
                if size <= 0:
                    break
                is_last = size == len(stream.unsent)
                self.connection.send_data(number, bytes(stream.unsent[:size]), end_stream=is_last)
                stream.unsent = stream.unsent[size:]
        except CLOSED:
            pass  # What it was reset with has come, or will.
        self._flush()

    def _give_up(self, number):
        try:
            self.connection.reset_stream(number)
            self._flush()
        except CLOSED:
            pass  # The server was first.

    def _flush(self):
        self.socket.sendall(self.connection.data_to_send())
