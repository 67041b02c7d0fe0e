# SPDX-License-Identifier: Apache-2.0
"""Whole sites that have moved here: the pages that they ask for, and servers before and after."""

import re
from collections import namedtuple
from pathlib import Path

from documents import FENCE, code, rows, sections
from examples import LOADS
from httpd import HTTPD, MODULES, OURS, STOCK, load_modules
from processes import Process, answers, free_port

HERE = Path(__file__).resolve().parent
USERS = "me:{SHA}C+7Hteo/D9vJXQ3UfzxbwnXaijM=\n"  # foo

Site = namedtuple("Site", "origin name before after requests")
Request = namedtuple("Request", "method target status script path_info query")

LOGIN = load_modules("auth_basic", "authn_core", "authn_file", "authz_user")
NGINX = """
daemon off;
user www-data;
pid nginx.pid;
error_log stderr;
events {}
http {
    types { text/css css; image/svg+xml svg; image/png png; text/plain txt; }
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    upstream php { server %(php)s; }
    server {
        listen 127.0.0.1:%(port)d;
        root %(root)s;
%(lines)s
    }
}
"""
ROOTED = 'DocumentRoot "/srv/www"\n<Directory "/srv/www">\n    Require all granted\n</Directory>\n'


def read_sites():
    for file in sorted((HERE / "moves").glob("*.md")):
        for name, text in sections(file, 2):
            lines = {each.group(2): each.group(3) for each in FENCE.finditer(text)}
            # From mod_proxy_fcgi the lines stay.
            after = lines.get("after", lines["before"])
            requests = [read_request(row) for row in rows(text)]
            yield Site(file.stem, name, lines["before"], after, requests)


def read_request(row):
    (first,), status = code(row[0]), int(row[1])
    method, _, target = first.rpartition(" ")
    return Request(method or "GET", target, status, *("".join(code(cell)) for cell in row[2:5]))


def lay_out(site, root):
    """The files that the requests of a site are for: pages that show what they were sent."""
    (root / "bin").mkdir(parents=True)
    (root / "bin" / "show.fcgi").write_text((HERE / "site" / "show.fcgi").read_text())
    (root / "bin" / "show.fcgi").chmod(0o755)
    page = (HERE / "site" / "show.php").read_text()
    for request in site.requests:
        path = request.script or request.target
        if path.endswith(".php"):
            put(root / path[1:], page)
        elif not request.script and request.status == 200:
            # An alias of Foswiki's.
            put(root / path.replace("/foswiki", "")[1:], "a file\n")


def put(file, text):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


class Nginx(Process):
    def __init__(self, directory, lines, root, php):
        self.port = free_port()
        lines = lines.replace("fastcgi_params", "/etc/nginx/fastcgi_params")
        configuration = directory / "nginx.conf"
        configuration.write_text(
            NGINX % {"php": php, "port": self.port, "root": root, "lines": lines}
        )
        command = ["/usr/sbin/nginx", "-p", directory, "-c", configuration]
        super().__init__(command, directory / "nginx.log")
        self.wait_until(lambda: answers("tcp:127.0.0.1:%d" % self.port), "nginx")


class Application(Process):
    """The program that shows what it was sent, where spawn-fcgi has put it."""

    def __init__(self, directory, root):
        self.path = directory / "app.sock"
        command = ["/usr/bin/spawn-fcgi", "-n", "-M", "666", "-s", self.path, "--",
                   root / "bin" / "show.fcgi"]  # fmt: skip
        super().__init__(command, directory / "app.log")
        self.wait_until(lambda: self.path.exists() and answers("unix:%s" % self.path), "show.fcgi")


class Moved:
    """Servers of a site, before and after."""

    def __init__(self, site, directory, php):
        self.site, self.directory = site, directory
        self.root = directory / "www"
        lay_out(site, self.root)
        self.app = Application(directory, self.root)
        (directory / "users").write_text(USERS)
        self.php = php
        self.names = {
            "/srv/www": str(self.root),
            "/srv/users": str(directory / "users"),
            "/run/php/php8.2-fpm.sock": php.address.partition(":")[2],
            "/run/app.sock": str(self.app.path),
            "127.0.0.1:9000": php.tcp_address.partition(":")[2],
        }
        self.running = [self.app]

    def before(self):
        place = self._place("before")
        if self.site.origin == "from_nginx":
            server = Nginx(place, self.site.before, self.root, self.php.address)
        elif self.site.origin == "from_mod_fcgid":
            own = "FcgidIPCDir %s\nFcgidProcessTableFile %s/table\n" % (place, place)
            load = "LoadModule fcgid_module %s/mod_fcgid.so\n" % MODULES
            server = self._httpd(place, load, own + self.site.before)
        else:
            load = "LoadModule proxy_fcgi_module %s\n" % STOCK
            server = self._httpd(place, load, self.site.before)
        self.running.append(server)
        return server.port

    def after(self):
        load = "LoadModule proxy_fcgi_module %s\n" % OURS
        server = self._httpd(self._place("after"), load, self.site.after)
        self.running.append(server)
        return server.port

    def _place(self, name):
        place = self.directory / name
        place.mkdir()
        place.chmod(0o777)
        return place

    def _httpd(self, place, load, lines):
        text = ROOTED + lines
        for name, own in self.names.items():
            text = text.replace(name, own)
        return HTTPD(place, "event", text, loads=LOADS + LOGIN + load)

    def stop(self):
        for process in reversed(self.running):
            process.stop()
            print(process.read_log())


def shown(page):
    """The variables that a page shows."""
    return dict(re.findall(r"^(\w+)=(.*)$", page.body.decode(), re.M))
