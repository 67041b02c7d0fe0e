# SPDX-License-Identifier: Apache-2.0
"""Runs lines of httpd's configuration as the documents have them, with names of this machine."""

import subprocess

from built import RELEASE
from httpd import HTTPD, MODULES, OURS, load_modules
from processes import SITE, free_port

PORT = "127.0.0.1:%d"

# What examples take for granted, as Debian's httpd has it loaded or at hand.
LOADS = load_modules(
    "alias", "authz_host", "cache", "cache_disk", "dir", "env", "headers", "lbmethod_bybusyness",
    "lbmethod_byrequests", "mime", "proxy_balancer", "ratelimit", "reqtimeout", "rewrite",
    "setenvif", "slotmem_shm", "status",
) + "TypesConfig /dev/null\n"  # fmt: skip
# What configtest looks for, below the directory that stands for /srv.
DIRECTORIES = ["files", "private", "wiki", "shop"]
PROGRAMS = ["app.fcgi", "shop/server"]
LOAD_OURS = "LoadModule proxy_fcgi_module %s\nLoadModule gateway_module %s\n" % (OURS, OURS)


class Examples:
    def __init__(self, directory, php):
        self.directory = directory
        self.vhost_port = free_port()
        socket = php.address.partition(":")[2]
        self.names = {
            "/usr/lib/apache2/modules/mod_gateway.so": str(OURS),
            "/var/www/html": str(SITE),
            "/run/php/php8.2-fpm.sock": socket,
            "/run/php/www.sock": socket,
            "/run/php/second.sock": socket,
            "127.0.0.1:9000": php.tcp_address.partition(":")[2],
            "*:80": PORT % self.vhost_port,
            "${APACHE_LOG_DIR}": str(directory),
            "/usr/bin/gateway-supervisor": str(RELEASE / "gateway-supervisor"),
            "/var/lib/gateway/flights": str(directory),
            "user=blog": "user=www-data",
            "/srv": str(directory / "srv"),
        }
        for name in DIRECTORIES:
            (directory / "srv" / name).mkdir(parents=True, exist_ok=True)
        for name in PROGRAMS:
            program = directory / "srv" / name
            program.touch()
            program.chmod(0o755)
        self.running = None

    def here(self, text):
        for name, own in self.names.items():
            text = text.replace(name, own)
        return text

    def loads(self, text):
        return LOADS if "LoadModule" in text else LOADS + LOAD_OURS

    def fault(self, text):
        """What httpd says of a configuration with these lines; None when it takes them."""
        file = self.directory / "httpd.conf"
        text = self.here(text)
        file.write_text(
            "ServerRoot %s\nServerName localhost\nDefaultRuntimeDir .\nErrorLog error.log\n"
            "Listen %s\nLoadModule mpm_event_module %s/mod_mpm_event.so\n%s%s%s"
            % (self.directory, PORT % self.vhost_port, MODULES,
               load_modules("authz_core", "proxy"), self.loads(text), text)
        )  # fmt: skip
        done = subprocess.run(
            ["/usr/sbin/apache2", "-t", "-f", file],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        return None if done.stdout == "Syntax OK\n" else done.stdout

    def serve(self, text):
        """Starts httpd with these lines; the port where it serves them."""
        text = self.here(text)
        has_hosts = "<VirtualHost" in text
        listen = "Listen %s\n" % (PORT % self.vhost_port) if has_hosts else ""
        notes = 'LogFormat "%{gateway-outcome}n" outcome\nCustomLog outcomes outcome\n'
        text = text.replace("<VirtualHost", notes + "<VirtualHost") if has_hosts else notes + text
        self.running = HTTPD(self.directory, "event", listen + text, loads=self.loads(text))
        return self.vhost_port if has_hosts else self.running.port

    def stop(self):
        if self.running:
            self.running.stop()
            print(self.running.read_log())
