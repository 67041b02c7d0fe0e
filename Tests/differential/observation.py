# SPDX-License-Identifier: Apache-2.0
"""What one side of a case showed, as paths and values that compare with those of the other."""

import hashlib
import re

# A request is over at once, or at a deadline; no deadline of a fragment is below a second.
AT_ONCE_SECONDS = 0.75
# What is another on each connection or at each request.
VOLATILE_PARAMS = re.compile(
    rb"(REDIRECT_)*(REMOTE_PORT|UNIQUE_ID|HTTP_X_CASE|SSL_SESSION_ID|H2_STREAM_TAG)"
)
VOLATILE_FIELDS = {"date", "expires", "age"}
# mod_auth_digest's, and the boundary between parts.
NONCE = re.compile(rb'nonce="[^"]*"|(?<=boundary=)[0-9a-f]+|(?<=\r\n--)[0-9a-f]{10,}')
LONG = 400
COMMON_START = 2000


class Run:
    """A case on one side: what its client and its application have seen."""

    def __init__(self, case, side):
        self.case, self.side = case, side
        self.responses, self.exchanges, self.notes = [], [], {}
        self.clients = []
        self.client_left = None
        self.active = 0
        self.access, self.errors = [], []

    def exchange_began(self, exchange):
        self.exchanges.append(exchange)
        self.active += 1

    def exchange_ended(self):
        self.active -= 1


def time_class(seconds):
    return "at once" if seconds < AT_ONCE_SECONDS else "%d s" % max(1, round(seconds))


def neutral(data, side):
    """Bytes or text without what the sides cannot have in common."""
    theirs, ours = str(side.directory), str(side.directory.parent / "a")
    if isinstance(data, bytes):
        data = data.replace(b"php-b.sock", b"php-a.sock")
        data = NONCE.sub(b"nonce=...", data)
        return data.replace(b"127.0.0.2", b"127.0.0.1").replace(theirs.encode(), ours.encode())
    data = NONCE.sub(b"nonce=...", data.encode("latin-1")).decode("latin-1")
    data = data.replace("php-b.sock", "php-a.sock")
    return data.replace("127.0.0.2", "127.0.0.1").replace(theirs, ours)


def shown(data):
    """Bytes as they are, or long ones by their length, their digest and where they begin."""
    if len(data) <= LONG:
        return data
    return "%d bytes, %s, %r..." % (len(data), hashlib.sha256(data).hexdigest()[:12], data[:30])


def observe(run):
    """All that is compared, flat: a path of names, and its value."""
    seen = dict(("client." + name, value) for name, value in run.notes.items())
    seen["client.responses"] = len(run.responses)
    for number, response in enumerate(run.responses):
        seen.update(observe_response(run, "client.%d." % number, response))
    seen["application.requests"] = len(run.exchanges)
    for number, exchange in enumerate(run.exchanges):
        seen.update(observe_exchange(run, "application.%d." % number, exchange))
    seen.update(observe_access(run))
    seen.update(observe_errors(run))
    return seen


def observe_response(run, at, response):
    seen = {
        at + "status": response.status,
        at + "framing": response.framing,
        at + "whole": response.whole,
        at + "interim": tuple(response.interim),
        at + "trailers": response.trailers,
        at + "head at": time_class(response.first_byte),
        at + "end at": time_class(response.end),
    }
    body = neutral(response.body, run.side)
    # How much of a body got through before it was broken off is a matter of luck.
    seen[at + "body"] = shown(body if response.whole is not False else body[:COMMON_START])
    for name in {name.lower() for name, _ in response.fields}:
        values = tuple(neutral(value, run.side) for value in response.named(name))
        if name == "allow":
            values = tuple(sorted(values[0].split(",")))  # A set, whose order is no promise.
        seen[at + "fields." + name] = "present" if name in VOLATILE_FIELDS else values
    return seen


def observe_exchange(run, at, exchange):
    seen = {
        at + "role": exchange.role,
        at + "keep": exchange.keep,
        at + "input": exchange.input,
    }
    # How much of a broken upload came through is a matter of luck.
    if exchange.input == "whole":
        seen[at + "input bytes"] = exchange.input_length
        seen[at + "input digest"] = exchange.input_digest
    if hasattr(exchange, "ended_by"):
        seen[at + "ended by"] = exchange.ended_by
    beyond = exchange.occupied is None
    seen[at + "occupied"] = "beyond" if beyond else time_class(exchange.occupied)
    for name in {name for name, _ in exchange.pairs}:
        values = [neutral(value, run.side) for each, value in exchange.pairs if each == name]
        is_volatile = VOLATILE_PARAMS.fullmatch(name)
        key = at + "params." + name.decode("latin-1")
        seen[key] = "present" if is_volatile else tuple(map(shown, values))
    return seen


def observe_access(run):
    """The numbers are compared with what the client saw, so that framing does not show twice."""
    seen = {"access.lines": len(run.access)}
    for number, line in enumerate(run.access):
        at = "access.%d." % number
        response = run.responses[number] if number < len(run.responses) else None
        seen[at + "s"], seen[at + ">s"] = line["s"], line[">s"]
        # Over HTTP/2 the connection's end races the log line of its stream.
        if not run.case.fragment.startswith("h2"):
            seen[at + "X"] = line["X"]
        seen[at + "D"] = time_class(int(line["D"]) / 1e6)
        for name in ("R", "worker", "error-notes", "proxy-status", "u"):
            seen[at + name] = neutral(line[name], run.side)
        if response is None or response.whole is False or run.case.partial:
            continue
        body = 0 if line["b"] == "-" else int(line["b"])
        seen[at + "b"] = "as received" if body == len(response.body) else body
        if response.wire:
            out = int(line["O"])
            seen[at + "O"] = "as received" if out == response.wire else out - response.wire
        if response.wire and len(run.access) == 1 and was_read(run):
            seen[at + "I"] = "all" if int(line["I"]) >= run.clients[0].sent else "not all"
    return seen


def was_read(run):
    """Else how much of the body httpd has counted when it logs is a matter of luck."""
    return run.exchanges and all(exchange.input == "whole" for exchange in run.exchanges)


def observe_errors(run):
    """Each number with its level and how often; and what the application wrote to STDERR."""
    seen, complaints = {}, []
    for level, text in run.errors:
        tag = re.match(r"(AH|GW)\d+", text)
        text = neutral(text, run.side)
        if tag and tag[0] == "AH01071":
            complaints.append(re.sub(r"^AH01071: Got error '", "", text).removesuffix("'"))
        elif not tag:
            tag = [re.sub(r"\d+", "#", text)[:60]]
        key = "errors." + tag[0]
        seen[key] = seen.get(key, ()) + (level,)
    if complaints:
        text = re.sub(r"\\[rn]", "", "".join(complaints))
        seen["errors.stderr"] = shown(text.encode())
        seen["errors.AH01071"] = (seen["errors.AH01071"][0],) if len(complaints) == 1 else "several"
    return seen


def differences(a, b):
    """The paths at which the sides differ, with the value of the stock side first."""
    absent = "nothing"
    return {
        path: (b.get(path, absent), a.get(path, absent))
        for path in sorted(a.keys() | b.keys())
        if a.get(path, absent) != b.get(path, absent) and says_more(path, a, b)
    }


def says_more(path, a, b):
    """Of what one side has not at all, its first field says it: the others are no news."""
    kind, _, rest = path.partition(".")
    number, _, name = rest.partition(".")
    main = {"client": "status", "application": "input", "access": "s"}.get(kind)
    if main is None or not number.isdigit() or name == main:
        return True
    if name in ("input bytes", "input digest") and (path not in a or path not in b):
        return False
    first = "%s.%s.%s" % (kind, number, main)
    # Numbers are given only where the whole response is there to compare them with.
    if kind == "access" and name in ("b", "O", "I") and (path not in a or path not in b):
        return False
    return first in a and first in b
