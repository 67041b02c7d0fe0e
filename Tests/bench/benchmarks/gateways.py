# SPDX-License-Identifier: Apache-2.0
"""The servers that are held against each other, each before the same application, and what of the
processor they take for a load."""

import re
import subprocess
from pathlib import Path

import fastcgi
from client import Client
from httpd import HTTPD, OURS, STOCK, url_of
from nginx import Nginx

from .bodies import MEBIBYTE, SMALL
from .workshop import MeasurementFailed
from .wrk import cost, prepare

THREADS = """
ServerLimit 1
StartServers 1
ThreadsPerChild 80
ThreadLimit 80
MaxRequestWorkers 80
"""

# Defaults but for kept connections and a body limit that lets 1 MiB pass.
NGINX = """
daemon off;
worker_processes 1;
user www-data;
pid {directory}/nginx.pid;
error_log {directory}/error.log warn;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_max_body_size 16m;
    client_body_temp_path {directory}/body;
    fastcgi_temp_path {directory}/fastcgi;
    keepalive_requests 100000000;
    upstream application {{
        server {address};
        keepalive 64;
        keepalive_requests 100000000;
    }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            include /etc/nginx/fastcgi_params;
            fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
            fastcgi_pass application;
            fastcgi_keep_conn on;
        }}
    }}
}}
"""

# Name: query, body, what is right.
LOADS = {
    "small": ("small", None, SMALL),
    "64 KiB down": ("down=65536", None, MEBIBYTE[:65536]),
    "1 MiB down": ("down=1048576", None, MEBIBYTE),
    "64 KiB up": ("up", MEBIBYTE[:65536], b"65536"),
    "1 MiB up": ("up", MEBIBYTE, b"1048576"),
}


def proxy_pass(name, address, parameters=""):
    """Leads /NAME/ there. mod_proxy tells sockets apart by the host behind them alone."""
    return f'ProxyPass "/{name}/" "{url_of(address, name)}" {parameters}\n'


class Gateways:
    """Starts servers in a workshop, and ends them when it is closed."""

    def __init__(self, workshop, unix, tcp):
        self.workshop, self.unix, self.tcp = workshop, unix, tcp
        self.running = []
        # An address of its own, since its parameters are others.
        fresh = workshop.directory / "fresh.socket"
        fresh.symlink_to(unix.removeprefix("unix:"))
        self.fresh = f"unix:{fresh}"
        self.scripts = {}

    def close(self):
        for process in self.running:
            process.stop()

    def httpd(self, name, mpm, module="ours", sizes=THREADS):
        lines = "".join(
            proxy_pass(path, address, parameters) for path, address, parameters in (
                ("kept", self.unix, "enablereuse=on"), ("fresh", self.fresh, "enablereuse=off"),
                ("tcp", self.tcp, "enablereuse=on")))
        loads = {"ours": f"LoadModule proxy_fcgi_module {OURS}",
                 "stock": f"LoadModule proxy_fcgi_module {STOCK}", None: "#"}[module]
        self.running.append(HTTPD(self.workshop.place(name), mpm, lines if module else "",
                                  loads=loads, sizes=sizes))
        return self.running[-1]

    def bare(self, name, mpm):
        """httpd with a handler that does the least that can be done, for requests without body."""
        port = self.tcp.rpartition(":")[2]
        keeps = fastcgi.KEEP_CONN
        lines = ""
        for path, address, flags in (
                ("kept", self.unix, keeps), ("fresh", self.unix, 0), ("tcp", port, keeps)):
            lines += f'<Location "/{path}/">\n'
            lines += f"BareApplication {address} {'on' if flags else 'off'}\n"
            for query, body, _ in LOADS.values():
                if body is None:
                    request = self.workshop.directory / f"bare {query} {path}"
                    request.write_bytes(bare_request(query, flags))
                    lines += f'BareRequest {query} "{request}"\n'
            lines += "</Location>\n"
        loads = f"LoadModule bare_module {self.workshop.program('mod_bare')}"
        self.running.append(HTTPD(self.workshop.place(name), mpm, lines, loads=loads,
                                  sizes=THREADS))
        return self.running[-1]

    def nginx(self, name):
        self.running.append(Nginx(self.workshop.place(name), self.unix, NGINX))
        return self.running[-1]

    def cost(self, server, load, path="kept", connections=4):
        """Nanoseconds of all its processes for each request of a load that wrk makes."""
        target = f"/{path}/?{LOADS[load][0]}"
        return cost(server.session(), server.port, target, self._script(load), connections)

    def _script(self, load):
        if load not in self.scripts:
            _, body, right = LOADS[load]
            self.scripts[load] = prepare(self.workshop.place("load " + load), body, right)
        return self.scripts[load]


def bare_request(query, flags):
    """About as long as what httpd makes of wrk's request."""
    params = [(b"REQUEST_METHOD", b"GET"), (b"QUERY_STRING", query.encode())]
    params += [(b"HTTP_FIELD_%02d" % number, b"a value") for number in range(27)]
    return (fastcgi.begin_request(1, flags)
            + fastcgi.stream(fastcgi.PARAMS, 1, fastcgi.encode_pairs(params))
            + fastcgi.stream(fastcgi.STDIN, 1, b""))


def private_memory(server):
    """Bytes that a child of the server shares with no other process; the mean of all of them."""
    children, total = server.children(), 0
    for pid in children:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        total += sum(map(int, re.findall(r"Private_\w+: *(\d+) kB", text))) * 1024
    return total / len(children)


def application_calls(server, count):
    """System calls on the application's socket for each small request on a kept connection."""
    trace = Path(server.log).parent / "trace"
    children = ",".join(map(str, server.children()))
    target = "/kept/?small"
    with Client(server.port) as connection:
        connection.request("GET", target)
        strace = subprocess.Popen(["strace", "-f", "-yy", "-o", trace, "-p", children],
                                  stderr=subprocess.PIPE, text=True)
        try:
            strace.stderr.readline()
            for _ in range(count):
                if connection.request("GET", target).body != SMALL:
                    raise MeasurementFailed("not the small page")
        finally:
            strace.terminate()
            strace.communicate()
    calls = [line for line in trace.read_text().splitlines()
             if "<UNIX-STREAM" in line and "resumed" not in line]
    return len(calls) / count, calls[-4:]
