# SPDX-License-Identifier: Apache-2.0
"""Debian's own configuration for php-fpm, with the one LoadModule line changed."""

import fcntl
import re
from pathlib import Path

import pytest
from client import get
from httpd import load_modules
from processes import Process, answers

(CONFIGURATION,) = Path("/etc/apache2/conf-available").glob("php*-fpm.conf")
(POOL,) = Path("/etc/php").glob("*/fpm/php-fpm.conf")
(PROGRAM,) = Path("/usr/sbin").glob("php-fpm[0-9]*")


class DebianPHP(Process):
    """php-fpm as Debian configures it, on the socket that both configurations name."""

    def __init__(self, directory, address):
        Path(address.partition(":")[2]).parent.mkdir(exist_ok=True)
        command = [PROGRAM, "-F", "-y", POOL, "-g", directory / "php.pid"]
        super().__init__(command, directory / "php.log")
        self.wait_until(lambda: answers(address), "php-fpm")


@pytest.fixture
def debian_php(start):
    address = re.search(r"proxy:(unix:[^|]+)\|", CONFIGURATION.read_text()).group(1)
    # The socket's name is the machine's: a run beside this one waits.
    with open("/run/lock/gateway-php-fpm", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # A machine that serves PHP has it running.
        php = None if answers(address) else start(DebianPHP, address)
        yield
        if php:
            php.stop()


@pytest.mark.parametrize("mpm", ["prefork", "worker", "event"])
def test_phpinfo(debian_php, start_httpd, mpm):
    httpd = start_httpd(mpm, load_modules("setenvif") + "Include %s\n" % CONFIGURATION)
    page = get(httpd.port, "/info.php", [("Authorization", "Basic bWU6bXk=")])
    assert page.status == 200 and page.whole
    text = re.sub(rb"<[^>]*>", b" ", page.body)
    assert re.search(rb"Server API\s+FPM/FastCGI", text)
    assert re.search(rb"\$_SERVER\['PHP_AUTH_USER'\]\s+me\s", text)
    assert re.search(rb"\$_SERVER\['SCRIPT_FILENAME'\]\s+/\S*/site/info.php\s", text)


def test_sources_are_denied(debian_php, start_httpd):
    httpd = start_httpd("event", "Include %s\n" % CONFIGURATION)
    assert get(httpd.port, "/page.phps").status == 403
    assert get(httpd.port, "/.php").status == 403
