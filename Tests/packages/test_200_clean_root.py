# SPDX-License-Identifier: Apache-2.0
"""The packages in a Debian without Swift: httpd serves PHP, programs are built and run."""

import os
import signal
import sys
from pathlib import Path

import pytest
from clean_root import Running
from client import get
from processes import ROOT, answers, free_port

sys.path.insert(0, str(ROOT / "Tests" / "docs"))
import documents  # noqa: E402

ERRORS = "var/log/apache2/error.log"
SOCKET = "/run/php/php-fpm.sock"
PAGE = "<?php header('X-Own: 1'); echo PHP_SAPI, ' sum ', $_GET['a'] + 2, \"\\n\";\n"
BACKEND_LINES = """
<FilesMatch "\\.php$">
    SetHandler "proxy:unix:/run/php/php-fpm.sock|fcgi://localhost"
</FilesMatch>
<Proxy "fcgi://localhost" enablereuse=on>
</Proxy>
GatewayCapacity unix:/run/php/php-fpm.sock 5
LogFormat "%>s %{gateway-outcome}n" combined
"""


@pytest.fixture(scope="module")
def site(root):
    """httpd of the root at a port of its own, with the module enabled; the port."""
    port = free_port()
    root.write("etc/apache2/ports.conf", "Listen 127.0.0.1:%d\n" % port)
    root.shell("sed -i 's/\\*:80/127.0.0.1:%d/' /etc/apache2/sites-available/*" % port)
    root.shell("sed -i 's|^listen = .*|listen = %s|' /etc/php/*/fpm/pool.d/www.conf" % SOCKET)
    root.write("var/www/html/page.php", PAGE)
    root.write("etc/apache2/conf-available/page.conf", BACKEND_LINES)
    return port


@pytest.fixture(scope="module")
def php(root, site, tmp_path_factory):
    """php-fpm in the root; its address there."""
    root.shell("mkdir -p /run/php")
    log = tmp_path_factory.mktemp("php") / "log"
    running = Running(root, log, "sh", "-ec", "exec $(ls /usr/sbin/php-fpm*) -F")
    running.wait_until(lambda: answers("unix:%s%s" % (root.path, SOCKET)), "php-fpm")
    yield "unix:" + SOCKET
    running.stop()


def test_there_is_no_swift(root):
    assert root.shell("! command -v swift") == ""
    assert root.shell("find / -xdev -iname '*swift*' -not -path '/proc/*' -name '*.so*'") == ""


def test_the_module_waits_to_be_enabled(root):
    assert root.shell("test ! -e /etc/apache2/mods-enabled/gateway.load") == ""


def test_what_conflicts_is_said(root):
    root.run("a2enmod", "proxy_fcgi")
    said = root.run("a2enmod", "gateway", succeeds=False)
    assert "proxy_fcgi is enabled - cannot proceed due to conflicts" in said
    root.run("a2dismod", "proxy_fcgi")


def graceful(root, running):
    """Restarts httpd, and waits until it has."""
    (httpd,) = (pid for pid in running.session() if is_parent(pid))
    os.kill(httpd, signal.SIGUSR1)
    ready = "resuming normal operations"
    running.wait_until(lambda: root.read(ERRORS).count(ready) == 2, "the restarted httpd")


def is_parent(pid):
    """Whether it is httpd's first process: its parent is no httpd."""
    return comm(pid) == "apache2" and comm(parent(pid)) != "apache2"


def comm(pid):
    return Path("/proc/%d/comm" % pid).read_text().strip()


def parent(pid):
    return int(Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()[1])


def test_httpd_serves_a_page(root, site, php, log):
    root.run("a2enmod", "gateway")
    root.run("a2enconf", "page")
    modules = root.run("apache2ctl", "-M")
    assert "proxy_fcgi_module (shared)" in modules and "gateway_module (shared)" in modules
    running = Running(root, log, "apache2ctl", "-D", "FOREGROUND")
    try:
        running.wait_until(lambda: answers("tcp:127.0.0.1:%d" % site), "httpd")
        page = get(site, "/page.php?a=40")
        graceful(root, running)
        again = get(site, "/page.php?a=40")
    finally:
        running.stop()
    assert (page.status, page.body) == (200, b"fpm-fcgi sum 42\n")
    assert ("X-Own", "1") in page.fields
    assert again.body == page.body
    assert root.read("var/log/apache2/access.log") == "200 complete\n" * 2
    # Nothing of a module that was loaded twice, and nothing of ours.
    assert "AH01574" not in root.read(ERRORS) and "GW" not in root.read(ERRORS)


@pytest.mark.parametrize("build", ["pkg-config", "cmake"])
def test_a_program_of_the_guide(root, php, build):
    place = root.path / "srv" / build
    place.mkdir()
    (place / "page.c").write_text(documents.block(documents.GUIDE, "c", "page.c"))
    (commands,) = (each.text for each in documents.blocks(documents.GUIDE, "sh"))
    (cmake,) = (each.text for each in documents.blocks(documents.GUIDE, "cmake"))
    (place / "CMakeLists.txt").write_text(cmake)
    if build == "cmake":
        commands = "cmake -S . -B . >/dev/null && cmake --build . >/dev/null\n"
    root.shell("cd /srv/%s\n%s" % (build, commands))
    page = root.shell("/srv/%s/page %s /var/www/html '/page.php?a=40'" % (build, php))
    assert page.startswith("HTTP/1.1 200\n") and page.endswith("\n\nfpm-fcgi sum 42\n")


def test_the_supervisor_is_found(root):
    """By the library, of which the guide's program knows nothing but the name."""
    root.write("srv/supervised.c", documents.block(documents.GUIDE, "c", "supervised.c"))
    root.shell("cd /srv && cc -o supervised supervised.c $(pkg-config --cflags --libs gateway)")
    told = root.run("/srv/supervised", "/run/guide", "/usr/bin/php-cgi")
    # Asked without a script.
    assert told.count("complete 404\n") == 2 and "\nGATEWAY_OK\n" in told


def test_gateway_get(root, php):
    told = root.run("gateway-get", php, "/var/www/html/page.php", "-q", "a=40", "-i")
    assert told.startswith("Status: 200") and told.endswith("\n\nfpm-fcgi sum 42\n")


def test_it_can_be_removed(root):
    """httpd goes on without it, once its lines are gone."""
    root.run("a2disconf", "page")
    root.run("apt-get", "remove", "-y", "libapache2-mod-gateway")
    assert "Syntax OK" in root.run("apache2ctl", "configtest")
