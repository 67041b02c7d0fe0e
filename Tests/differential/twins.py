# SPDX-License-Identifier: Apache-2.0
"""Two servers on the same lines: side a with this project's module, side b with the stock one.

Side a has 127.0.0.1 and side b 127.0.0.2, with the same ports; each has a directory, whose names
have one length. So nothing that a page or a log says of a server differs but by these two.
"""

import os
import random
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from httpd import MODULES, OURS, STOCK
from processes import SITE, Process
from scripted_application import ScriptedApplication

USERS = "me:{SHA}Ps4UcfRPYxd8vDW6C5BODAlrZ4M=\n"
SCRIPT = SITE / "params.php"
ADDRESSES = {"a": "127.0.0.1", "b": "127.0.0.2"}
READY_SECONDS = 30
PORTS = (10000, 32000)
GIVEN = set()
FOLDERS = ("", "sub", "sub.dir", "home/sub", "differential.test", "access")
ACCESS_FILE = 'SetEnv OF_HTACCESS 1\n<Files "*.php">\nSetHandler "${own_handler}"\n</Files>\n'

LOADED = """
authz_core authz_host authz_user authn_core authn_file auth_basic auth_digest auth_form session
session_cookie request alias rewrite dir mime env setenvif headers deflate brotli filter substitute
ratelimit include cache cache_disk expires remoteip socache_shmcb ssl http2 userdir vhost_alias
negotiation actions slotmem_shm proxy proxy_balancer lbmethod_byrequests lbmethod_bybusyness
proxy_hcheck reqtimeout proxy_http unique_id security2 buffer allowmethods cgid status
""".split()
BEFORE_OURS = LOADED.index("proxy") + 1
SIZES = {
    "event": "ServerLimit 2\nStartServers 1\nThreadsPerChild 400\nThreadLimit 400\n"
    "MaxRequestWorkers 800\nMinSpareThreads 1\nMaxSpareThreads 800\nAsyncRequestWorkerFactor 8\n",
    "prefork": "ServerLimit 64\nStartServers 24\nMaxRequestWorkers 64\nMaxSpareServers 64\n",
}
SIZES["worker"] = SIZES["event"].replace("AsyncRequestWorkerFactor 8\n", "")

# The notes that mod_proxy and the core leave; those of this module have no counterpart.
ACCESS = (
    "%{X-Case}i\\t%{c}L\\t%s\\t%>s\\t%b\\t%I\\t%O\\t%D\\t%X\\t%R\\t%{BALANCER_WORKER_NAME}e"
    "\\t%{error-notes}n\\t%{proxy-status}n\\t%u"
)
SERVER = """
ServerRoot @side@
ServerName differential.test
PidFile httpd.pid
DefaultRuntimeDir .
LoadModule mpm_@mpm@_module @modules@/mod_mpm_@mpm@.so
@loads@
@sizes@
User www-data
Group www-data
ErrorLog @side@/log/server
ErrorLogFormat "%-{X-Case}i\\t%-{c}L\\t%l\\t%M"
LogLevel warn
LogFormat "@access@" differential
CustomLog @side@/log/access differential
TypesConfig /dev/null
AddType text/html .html
AddType text/plain .txt
DirectoryIndex disabled
RequestReadTimeout header=0 body=0
ScriptSock @side@/cgid
SecDataDir @side@
SecTmpDir @side@
Timeout 30
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 30
SSLSessionCache none
DocumentRoot @site@
<Directory />
    AllowOverride None
    Require all granted
</Directory>
@lines@
"""
HOST = """
Listen @address@:@port@
<VirtualHost @address@:@port@>
    ServerName differential.test
    ErrorLog @side@/log/@name@
    @tls@
    @lines@
</VirtualHost>
"""
TLS = "SSLEngine on\nSSLCertificateFile %s/certificate.pem\nSSLCertificateKeyFile %s/key.pem\n"


class Host:
    """A fragment in its place: a virtual host of both sides."""

    def __init__(self, group, name, fragment, number):
        self.group, self.fragment_name, self.fragment = group, name, fragment
        self.name = "f%d" % number
        self.port = free_port()


class Side:
    """One httpd and what it reaches."""

    def __init__(self, key, directory, twin, php):
        self.key, self.address, self.directory = key, ADDRESSES[key], directory
        for name in ("", "log", "cache"):
            (directory / name).mkdir()
            (directory / name).chmod(0o777)
        self.application = ScriptedApplication(
            directory / "app.sock", (self.address, twin.application_port)
        )
        self.values = {
            "side": directory, "address": self.address, "site": twin.site, "mpm": twin.server.mpm,
            "tcp": "%s:%d" % (self.address, twin.application_port), "modules": MODULES,
            "php": "unix:%s" % php.sockets[key] if php else "unix:/none", "access": ACCESS,
            "sizes": SIZES[twin.server.mpm], "closed": "%s:%d" % (self.address, twin.closed_port),
        }  # fmt: skip
        self.configuration = directory / "httpd.conf"
        self.configuration.write_text(self._lines(twin))
        self.process = None

    def _lines(self, twin):
        loaded = [name for name in LOADED if name not in twin.server.without]
        at = loaded.index("proxy") + 1
        module = OURS if self.key == "a" else STOCK
        loads = ["LoadModule %s_module %s/mod_%s.so" % (n, MODULES, n) for n in loaded]
        loads.insert(at, "LoadModule proxy_fcgi_module %s" % module)
        hosts = [self._host(host, twin) for host in twin.hosts]
        values = {"loads": "\n".join(loads), "lines": twin.server.lines + "\n" + "".join(hosts)}
        return self.fill(SERVER, values)

    def _host(self, host, twin):
        tls = TLS % (twin.directory, twin.directory) if host.fragment.tls else ""
        values = {"name": host.name, "port": host.port, "tls": tls, "lines": host.fragment.lines}
        return self.fill(HOST, values)

    def fill(self, text, values=None):
        # What is put in has places to fill itself.
        for name in ("lines", "loads", "access"):
            if values and name in values:
                text = text.replace("@%s@" % name, str(values[name]))
        for name, value in {**self.values, **(values or {})}.items():
            text = text.replace("@%s@" % name, str(value))
        return text

    def start(self):
        command = ["/usr/sbin/apache2", "-f", self.configuration, "-DFOREGROUND"]
        self.process = Process(command, self.directory / "httpd.log")

    def wait_until_ready(self):
        log = self.directory / "log" / "server"

        def ready():
            return log.exists() and "resuming normal operations" in log.read_text(errors="replace")

        deadline = time.monotonic() + READY_SECONDS
        while not ready():
            said = self.process.read_log() + (log.read_text() if log.exists() else "")
            assert self.process.popen.poll() is None, "side %s ended:\n%s" % (self.key, said)
            assert time.monotonic() < deadline, "side %s is not ready:\n%s" % (self.key, said)
            time.sleep(0.02)

    def stop(self):
        if self.process:
            self.process.stop(signal.SIGTERM)


class Twin:
    """Both sides of all fragments that can live in one server."""

    def __init__(self, directory, server, used, php):
        self.directory, self.server = directory, server
        self.site = directory.parent / "site"
        directory.mkdir()
        directory.chmod(0o777)
        self.application_port, self.closed_port = free_port(), free_port()
        self.hosts = [
            Host(group, name, group.fragments[name], number)
            for number, (group, name) in enumerate(used)
        ]
        self.ports = {(host.group.name, host.fragment_name): host for host in self.hosts}
        if any(host.fragment.tls for host in self.hosts):
            make_certificate(directory)
        self.sides = [Side(key, directory / key, self, php) for key in "ab"]

    def start(self):
        for side in self.sides:
            side.start()
        for side in self.sides:
            side.wait_until_ready()
            side.application.start()

    def stop(self):
        for side in self.sides:
            side.stop()


class PHPPools(Process):
    """One php-fpm with a pool for each side."""

    def __init__(self, directory):
        self.sockets = {key: directory / ("php-%s.sock" % key) for key in ADDRESSES}
        configuration = directory / "php-fpm.conf"
        lines = "[global]\nerror_log = %s/php-error.log\ndaemonize = no\n" % directory
        for key, path in self.sockets.items():
            lines += (
                "[%s]\nuser = www-data\ngroup = www-data\nlisten = %s\nlisten.mode = 0666\n"
                "pm = static\npm.max_children = 12\ncatch_workers_output = yes\n" % (key, path)
            )
        configuration.write_text(lines)
        program = sorted(Path("/usr/sbin").glob("php-fpm*"))[-1]
        super().__init__([program, "-F", "-y", configuration], directory / "php.log")
        self.wait_until(lambda: all(map(os.path.exists, self.sockets.values())), "php-fpm")


def make_site(site):
    """The pages of both sides, so that what files say of themselves is the same."""
    for folder in FOLDERS:
        (site / folder).mkdir(mode=0o755, parents=True)
        shutil.copy(SCRIPT, site / folder)
    shutil.copy(Path(__file__).parent / "script.php", site)
    (site / "note.txt").write_text("a note\n")
    (site / "users").write_text(USERS)
    (site / "access" / ".htaccess").write_text(ACCESS_FILE)
    (site / "errors").mkdir(mode=0o755)
    (site / "errors" / "a.txt").write_text("the page of an error\n")


def free_port():
    """A port that both addresses have free, and that the kernel gives to no client meanwhile."""
    while True:
        port = random.randrange(*PORTS)
        if port in GIVEN:
            continue
        with socket.socket() as one, socket.socket() as other:
            try:
                one.bind((ADDRESSES["a"], port))
                other.bind((ADDRESSES["b"], port))
            except OSError:
                continue
            GIVEN.add(port)
            return port


def make_certificate(directory):
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
               "-subj", "/CN=differential.test", "-keyout", directory / "key.pem",
               "-out", directory / "certificate.pem"]  # fmt: skip
    subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
