# SPDX-License-Identifier: Apache-2.0
"""A private httpd: Debian's binary and modules, a configuration in a directory of its own."""

import os
import signal
from pathlib import Path

from processes import ROOT, SITE, Process, answers, free_port

# What starts each httpd, such as env with variables for it alone.
WRAPPER = os.environ.get("HTTPD_WRAPPER", "").split()
MODULES = Path("/usr/lib/apache2/modules")
STOCK = MODULES / "mod_proxy_fcgi.so"
OURS = Path(os.environ.get("MOD_GATEWAY", ROOT / "module" / ".build" / "mod_gateway.so"))

THREADED = """
ServerLimit 4
StartServers 2
ThreadsPerChild 32
ThreadLimit 32
MaxRequestWorkers 128
MinSpareThreads 1
MaxSpareThreads 128
"""
# One process, so that a kept connection is the one that the next request finds.
ONE_PROCESS = "ServerLimit 1\nStartServers 1\nThreadsPerChild 25\nMaxRequestWorkers 25\n"
FOUR_CHILDREN = """
ServerLimit 4
StartServers 4
ThreadsPerChild 16
ThreadLimit 16
MaxRequestWorkers 64
MinSpareThreads 1
MaxSpareThreads 64
"""
SIZES = {
    "prefork": "ServerLimit 80\nStartServers 16\nMaxRequestWorkers 80\nMaxSpareServers 80\n",
    "worker": THREADED,
    "event": THREADED,
}

CONFIGURATION = """
ServerRoot {directory}
ServerName localhost
PidFile httpd.pid
DefaultRuntimeDir .
Listen 127.0.0.1:{port}
LoadModule mpm_{mpm}_module {modules}/mod_mpm_{mpm}.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule proxy_module {modules}/mod_proxy.so
{loads}
{sizes}
User www-data
Group www-data
ErrorLog error.log
LogLevel warn
Timeout 30
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 30
DocumentRoot {document_root}
<Directory {document_root}>
    Require all granted
</Directory>
{extra}
"""


class HTTPD(Process):
    """httpd with one MPM, ours or the stock module behind the same lines, and some more lines."""

    def __init__(self, directory, mpm, extra, module=OURS, loads=None, wrapper=(), sizes=None,
                 arguments=("-DFOREGROUND",)):  # fmt: skip
        self.port = free_port()
        self.error_log = directory / "error.log"
        configuration = directory / "httpd.conf"
        configuration.write_text(
            CONFIGURATION.format(
                directory=directory,
                port=self.port,
                mpm=mpm,
                modules=MODULES,
                loads=loads or "LoadModule proxy_fcgi_module %s" % module,
                sizes=sizes or SIZES[mpm],
                document_root=SITE,
                extra=extra,
            ),
            # Paths are bytes.
            errors="surrogateescape",
        )
        command = [*WRAPPER, *wrapper, "/usr/sbin/apache2", "-f", configuration, *arguments]
        super().__init__(command, directory / "httpd.log")
        self.wait_until(lambda: answers("tcp:127.0.0.1:%d" % self.port), "httpd")
        # It listens before it knows what a signal means. For debugging (-X) it never says more.
        if "-X" not in arguments:
            self.wait_until(self._starts, "httpd")

    def read_log(self):
        errors = self.error_log.read_text(errors="replace") if self.error_log.exists() else ""
        return super().read_log() + errors

    def graceful(self):
        """Restarts it, and waits until its new children are on their way."""
        before = self._starts()
        self.popen.send_signal(signal.SIGUSR1)
        self.wait_until(lambda: self._starts() > before, "the restarted httpd")

    def _starts(self):
        if not self.error_log.exists():
            return 0
        return self.error_log.read_text(errors="replace").count("resuming normal operations")

    def children(self):
        return [pid for pid in self.session() if pid != self.pid]


def load_modules(*names):
    """LoadModule lines for modules of Debian's."""
    return "".join("LoadModule %s_module %s/mod_%s.so\n" % (n, MODULES, n) for n in names)


def url_of(address, host="localhost"):
    """What mod_proxy calls an address that is spelled as the library does; a socket has a host."""
    kind, _, rest = address.partition(":")
    return "unix:%s|fcgi://%s/" % (rest, host) if kind == "unix" else "fcgi://%s/" % rest


def proxy_pass(address, path="/", parameters=""):
    """A ProxyPass line to an application at an address as the library spells it."""
    return 'ProxyPass "%s" "%s" %s\n' % (path, url_of(address), parameters)


def php_handler(address):
    """The usual lines for PHP files behind a Unix socket."""
    handler = "proxy:%s|fcgi://localhost/" % address
    return '<FilesMatch "\\.php$">\n    SetHandler "%s"\n</FilesMatch>\n' % handler
