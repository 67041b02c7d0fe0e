# SPDX-License-Identifier: Apache-2.0
"""The servers that are held against each other, each before the same application, and what of the
processor they take for a load."""

import re
import subprocess
import sys
from pathlib import Path

from .httpd import MEBIBYTE, SMALL, prepare
from .workshop import MeasurementFailed

TESTS = Path(__file__).resolve().parents[2]
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


def modules():
    """The modules of Tests/httpd that start servers."""
    for path in (TESTS / "httpd", TESTS / "support"):
        if str(path) not in sys.path:
            sys.path.insert(0, str(path))
    import httpd
    import processes

    return httpd, processes


def proxy_pass(name, address, parameters=""):
    """Leads /NAME/ there. mod_proxy tells sockets apart by the host behind them alone."""
    kind, _, rest = address.partition(":")
    url = f"{address}|fcgi://{name}/" if kind == "unix" else f"fcgi://{rest}/"
    return f'ProxyPass "/{name}/" "{url}" {parameters}\n'


class Gateways:
    """Starts servers in a directory, and ends them when it is closed."""

    def __init__(self, directory, unix, tcp):
        self.directory, self.unix, self.tcp = directory, unix, tcp
        self.running = []
        # An address of its own, since its parameters are others.
        fresh = directory / "fresh.socket"
        fresh.symlink_to(unix.removeprefix("unix:"))
        self.fresh = f"unix:{fresh}"
        self.scripts = {}

    def close(self):
        for process in self.running:
            process.stop()

    def place(self, name):
        made = self.directory / name
        made.mkdir()
        made.chmod(0o777)
        return made

    def httpd(self, name, mpm, module="ours", sizes=THREADS):
        tests = modules()[0]
        lines = "".join(
            proxy_pass(path, address, parameters) for path, address, parameters in (
                ("kept", self.unix, "enablereuse=on"), ("fresh", self.fresh, "enablereuse=off"),
                ("tcp", self.tcp, "enablereuse=on")))
        loads = {"ours": f"LoadModule proxy_fcgi_module {tests.OURS}",
                 "stock": f"LoadModule proxy_fcgi_module {tests.STOCK}", None: "#"}[module]
        process = tests.HTTPD(self.place(name), mpm, lines if module else "", loads=loads,
                              sizes=sizes)
        self.running.append(process)
        return process

    def nginx(self, name):
        processes = modules()[1]
        directory, port = self.place(name), processes.free_port()
        configuration = directory / "nginx.conf"
        configuration.write_text(NGINX.format(directory=directory, port=port, address=self.unix))
        process = processes.Process(["/usr/sbin/nginx", "-p", directory, "-c", configuration],
                                    directory / "nginx.log")
        process.port = port
        self.running.append(process)
        process.wait_until(lambda: processes.answers(f"tcp:127.0.0.1:{port}"), "nginx")
        return process

    def cost(self, server, load, path="kept", connections=4):
        """Nanoseconds of all its processes for each request of a load that wrk makes."""
        script = self._script(load)
        query = LOADS[load][0]
        begin = processor_time(server)
        ended = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", "-d1s", "-s", script,
             f"http://127.0.0.1:{server.port}/{path}/?{query}"],
            stdout=subprocess.PIPE, text=True, timeout=60)
        count = re.search(r"(\d+) requests in", ended.stdout)
        if ended.returncode or "Socket errors" in ended.stdout or not count or count[1] == "0":
            raise MeasurementFailed(f"{load}, {path}: {ended.stdout}")
        return (processor_time(server) - begin) / int(count[1])

    def _script(self, load):
        if load not in self.scripts:
            _, body, right = LOADS[load]
            self.scripts[load] = prepare(self.place("load " + load), body, right)
        return self.scripts[load]


def processor_time(server):
    """User and system time, by the scheduler's count, of the server's processes."""
    times = 0
    for pid in server.session():
        for task in Path(f"/proc/{pid}/task").iterdir():
            times += int((task / "schedstat").read_text().split()[0])
    return times


def private_memory(server):
    """Bytes that a child of the server shares with no other process; the mean of all of them."""
    children = [pid for pid in server.session() if pid != server.pid]
    total = 0
    for pid in children:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        total += sum(map(int, re.findall(r"Private_\w+: *(\d+) kB", text))) * 1024
    return total / len(children)


def application_calls(server, count):
    """System calls on the application's socket for each small request on a kept connection."""
    client = modules() and __import__("client")
    trace = Path(server.log).parent / "trace"
    children = ",".join(str(pid) for pid in server.session() if pid != server.pid)
    target = "/kept/?small"
    with client.Client(server.port) as connection:
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
