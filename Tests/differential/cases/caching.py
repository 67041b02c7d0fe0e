# SPDX-License-Identifier: Apache-2.0
"""mod_cache and mod_cache_disk in front: what is stored, sent again, revalidated, never kept."""

from behaviour import head, sends, sends_pieces
from case_table import UNIX, Case, Fragment
from raw_client import Request, note_after

SHORT = 40
CACHE = 'CacheRoot @side@\nCacheEnable disk "/"\nCacheHeader On\n'
PASS = 'ProxyPass "/" "%s/"\n' % UNIX
FRAGMENTS = {
    "quick": Fragment(CACHE + PASS),
    "in turn": Fragment("CacheQuickHandler Off\n" + CACHE + PASS),
    "handler": Fragment(
        CACHE + '<Location "/">\n    SetHandler "proxy:%s/"\n</Location>\n' % UNIX
    ),
}
FRESH = b"Cache-Control: max-age=300"
SAID = {
    "fresh": (FRESH,),
    "fresh with ETag": (FRESH, b'ETag: "one"'),
    "fresh with ranges": (FRESH, b'ETag: "one"', b"Accept-Ranges: bytes"),
    "stale with ETag": (b"Cache-Control: max-age=0", b'ETag: "one"'),
    "no store": (b"Cache-Control: no-store",),
    "private": (b"Cache-Control: private",),
    "nothing": (),
    "with cookie": (FRESH, b"Set-Cookie: a=1"),
    "varies": (FRESH, b"Vary: Accept"),
}
SECOND = {
    "again": (),
    "conditional": (("If-None-Match", '"one"'),),
    "no cache": (("Cache-Control", "no-cache"),),
    "other": (("Accept", "other/type"),),
}


def asks_twice(path, fields, method):
    """The same page on one connection: first as a GET, then with more fields."""

    async def client(run, connect):
        connection = await connect()
        for request in (Request(path), Request(path, method, fields)):
            await connection.send(request.head(run.case.id))
            response = await connection.receive(request.method)
        await note_after(run, connection, response)

    return client


def cases(_random):
    number = 0
    for said, fields in SAID.items():
        for second, asked in SECOND.items():
            for fragment in FRAGMENTS:
                for method in ("GET", "HEAD"):
                    number += 1
                    page = b"page %d\n" % number * (1 if number % 2 else 9000)
                    first = head(None, b"Content-Type: text/plain", *fields)
                    pieces = sends_pieces(first, page[:3], page[3:], seconds=0.005)
                    yield Case(
                        "%s, %s %s %s" % (said, second, method, fragment), fragment,
                        asks_twice("/page%d" % number, asked, method),
                        sends(first + page) if number % 3 else pieces,
                    )  # fmt: skip
