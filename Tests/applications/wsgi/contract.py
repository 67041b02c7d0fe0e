# SPDX-License-Identifier: Apache-2.0
"""The contract (../README.md) as a WSGI application, for uWSGI, flup and flipflop."""

import hashlib
import time
from urllib.parse import parse_qsl

REST = bytes((i * 7 + i // 256) & 255 for i in range(16, 65536))


def pattern(size):
    for block in range((size + 65535) // 65536):
        yield (b"%016d" % block + REST)[: size - block * 65536]


def witness(environ, line):
    """What the application sees of its body, for those who cannot be answered any more."""
    if "WITNESS" in environ:
        with open(environ["WITNESS"], "a") as file:
            file.write(line + "\n")


def read_body(environ):
    try:
        answer, length = body_digest(environ)
    except Exception as error:
        witness(environ, "error %s" % error)
        raise
    witness(environ, "read %d" % length)
    return answer


def body_digest(environ):
    remaining = int(environ.get("CONTENT_LENGTH") or 0)
    digest, length = hashlib.sha256(), 0
    while remaining > 0:
        piece = environ["wsgi.input"].read(min(remaining, 65536))
        if not piece:
            break
        digest.update(piece)
        length += len(piece)
        remaining -= len(piece)
    return "%d %s\n" % (length, digest.hexdigest()), length


def param_line(environ, name):
    return "%s=%s\n" % (name, environ[name]) if name in environ else name + " absent\n"


def answer(environ, query):
    """Status, further header fields, and the body of a small answer."""
    case = query.get("case")
    if case == "params":
        lines = [param_line(environ, name) for name in query["names"].split(",")]
        return "200 OK", [], "".join(lines)
    if case == "post":
        return "200 OK", [], read_body(environ)
    if case == "unread":
        return "200 OK", [], "unread\n"
    if case == "head":
        fields = [("Content-Length", "6"), ("X-Method", environ["REQUEST_METHOD"])]
        return "200 OK", fields, "whole\n"
    if case == "unmodified":
        return "304 Not Modified", [("ETag", '"contract"')], ""
    if case == "missing":
        return "404 Not Found", [], "missing\n"
    if case == "redirect":
        fields = [("Location", "http://elsewhere.example/there?a=1")]
        return "302 Found", fields, "elsewhere\n"
    if case == "cookies":
        fields = [("Set-Cookie", value) for value in ("a=1", "b=2; Path=/", "c=3")]
        return "200 OK", fields, "cookies\n"
    if case == "stderr":
        for line in range(1, int(query["lines"]) + 1):
            environ["wsgi.errors"].write("stderr line %d\n" % line)
        environ["wsgi.errors"].flush()
        return "200 OK", [], "stderr\n"
    if case == "sleep":
        time.sleep(int(query["ms"]) / 1000)
        return "200 OK", [], "slept %s\n" % query["ms"]
    if case == "id":
        return "200 OK", [("X-Token", query["token"])], query["token"] + "\n"
    return "500 Internal Server Error", [], "no such case\n"


def application(environ, start_response):
    query = dict(parse_qsl(environ["QUERY_STRING"]))
    if query.get("case") == "down":
        size = int(query["size"])
        declared = [("Content-Length", str(size))] if query["length"] == "1" else []
        start_response("200 OK", [("Content-Type", "application/octet-stream")] + declared)
        return pattern(size)
    status, fields, body = answer(environ, query)
    start_response(status, [("Content-Type", "text/plain")] + fields)
    return [body.encode("latin-1")]
