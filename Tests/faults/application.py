# SPDX-License-Identifier: Apache-2.0
"""The scripted application: QUERY_STRING names what it does, a journal tells what it saw.

It runs in threads of the test itself, so that a test can ask what came of a connection. What a
gateway sends has to be well-formed FastCGI whatever was done to it: `violations` says what was not.
"""

import os
import socket
import struct
import threading
from urllib.parse import parse_qs

import fastcgi
from fastcgi import ABORT_REQUEST, BEGIN_REQUEST, KEEP_CONN, PARAMS, STDIN

# Longer than any wait of a gateway here.
SECONDS = 20
RESET = struct.pack("ii", 1, 0)


class Violation(Exception):
    """A gateway has sent what it must not."""


class Talk:
    """A request on its connection, up to the end of its params, and what came of it."""

    def __init__(self, connection, number, begin, params):
        self.connection = connection
        self.connection_number = number
        self.id = begin.request_id
        self.keep = bool(begin.content[2] & KEEP_CONN)
        self.params = params
        self.query = params.get(b"QUERY_STRING", b"").decode("latin-1")
        self.options = {name: values[0] for name, values in parse_qs(self.query).items()}
        self.body = b""
        self.is_body_read = False
        # STDIN was not ended: ABORT_REQUEST came, and the end of the connection behind it.
        self.is_aborted = False
        # A script sent all of its answer, where it tells.
        self.is_answered = False
        # What came of the connection: "reused", "closed" by the gateway, "left" by a script.
        self.ending = None
        self.ended = threading.Event()
        # Set when nobody waits for the answer any more.
        self.stopped = threading.Event()
        # Set when a script has sent what it sends unasked.
        self.sent = threading.Event()

    def read_body(self):
        """Reads STDIN to its end; False where the gateway has closed before."""
        while not self.is_body_read:
            piece = fastcgi.receive_record(self.connection)
            if piece is None:
                return False
            if self.is_aborted:
                raise Violation("a record behind ABORT_REQUEST of " + self.query)
            if piece.type == ABORT_REQUEST and piece.request_id == self.id:
                self.is_aborted = True
                continue
            if piece.type != STDIN or piece.request_id != self.id:
                raise Violation("%s within STDIN of %s" % (piece[:2], self.query))
            self.body += piece.content
            self.is_body_read = not piece.content
        return True

    @property
    def stdin(self):
        """How it came to its end."""
        return "ended" if self.is_body_read else "aborted" if self.is_aborted else "broken off"

    def send(self, *pieces):
        self.connection.sendall(b"".join(pieces))

    def leave(self, how="fin"):
        """Closes: in order, or by a reset. On a Unix socket what is unread makes a reset."""
        if how == "rst":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.connection.close()
        self.end("left")

    def end(self, ending):
        self.ending = ending
        self.ended.set()

    def settles(self):
        """Whether all of the answer was taken, and nothing has come of the connection since."""
        for _ in range(SECONDS * 100):
            if self.is_answered or self.ended.wait(0.01):
                break
        return self.is_answered and not self.ended.is_set()

    def what_became(self):
        assert self.ended.wait(SECONDS), "nothing came of the connection of %s" % self.query
        return self.ending


class Application:
    """Listens at any number of addresses, and does at each what the query says."""

    def __init__(self, directory, scripts, at_accept):
        self.directory = directory
        self.scripts = scripts
        self.at_accept = at_accept
        self.listeners = []
        self.violations = []
        self.journal = {}
        self.abandoned = set()
        self.changed = threading.Condition()
        self.connections = 0

    def listen(self, name, transport):
        """An address of its own by that name; one of at_accept's begins with that."""
        if transport == "unix":
            path = self.directory / (name + ".sock")
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(str(path))
            os.chmod(path, 0o666)
            address = "unix:%s" % path
        else:
            listener = socket.socket()
            listener.bind(("127.0.0.1", 0))
            address = "tcp:%s:%d" % listener.getsockname()
        listener.listen(128)
        self.listeners.append(listener)
        first = self.at_accept.get(name.partition("-")[0])
        threading.Thread(target=self._accept, args=(listener, first), daemon=True).start()
        return address

    def close(self):
        for listener in self.listeners:
            # Ends accept in its thread, which close alone does not.
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def talks(self, query):
        """Each time that a request with this query began."""
        with self.changed:
            return list(self.journal.get(query, ()))

    def wait_for(self, query):
        """The last request with this query, once it has begun."""
        with self.changed:
            assert self.changed.wait_for(lambda: query in self.journal, SECONDS), query
            return self.journal[query][-1]

    def abandon(self, query):
        """Nobody waits for the answer any more, even where it has not begun yet."""
        with self.changed:
            self.abandoned.add(query)
            for talk in self.journal.get(query, ()):
                talk.stopped.set()

    def _accept(self, listener, first):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self.changed:
                self.connections += 1
                number = self.connections
            if connection.family == socket.AF_INET:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            arguments = (connection, number, first)
            threading.Thread(target=self._converse, args=arguments, daemon=True).start()

    def _converse(self, connection, number, first):
        talk, ending = None, "closed"
        try:
            with connection:
                connection.settimeout(SECONDS)
                if first and not first(connection):
                    return
                while True:
                    talk = self._serve(connection, number, talk)
                    if talk is None or talk.ended.is_set():
                        return
        except (Violation, ValueError) as what:
            self.violations.append(str(what))
        except TimeoutError:
            ending = "open"
        except OSError:
            pass
        # A script was broken off.
        for left in [one for some in list(self.journal.values()) for one in some]:
            if left.connection_number == number and not left.ended.is_set():
                left.end(ending)

    def _serve(self, connection, number, last):
        """Reads the next request and does what it says; None when there is none."""
        begin = self._next_begin(connection, last)
        if begin is None:
            if last:
                last.end("closed")
            return None
        params = self._read_params(connection, begin.request_id)
        if params is None:
            return None
        talk = Talk(connection, number, begin, params)
        if last:
            last.end("reused")
        with self.changed:
            self.journal.setdefault(talk.query, []).append(talk)
            if talk.query in self.abandoned:
                talk.stopped.set()
            self.changed.notify_all()
        self.scripts[talk.options.get("fault", "answer")](talk)
        return talk

    @staticmethod
    def _next_begin(connection, last):
        """What may come before is the rest of the last request's STDIN."""
        while True:
            piece = fastcgi.receive_record(connection)
            if piece is None:
                return None
            if piece.type == BEGIN_REQUEST:
                if last and not last.is_body_read:
                    raise Violation("a request before the end of STDIN of %s" % last.query)
                return piece
            if not last or piece.type != STDIN or last.is_body_read:
                raise Violation("%s between requests" % (piece[:2],))
            last.body += piece.content
            last.is_body_read = not piece.content

    @staticmethod
    def _read_params(connection, request_id):
        content = b""
        while True:
            piece = fastcgi.receive_record(connection)
            if piece is None:
                return None
            if piece.type != PARAMS or piece.request_id != request_id:
                raise Violation("%s within PARAMS" % (piece[:2],))
            if not piece.content:
                return dict(fastcgi.decode_pairs(content))
            content += piece.content
