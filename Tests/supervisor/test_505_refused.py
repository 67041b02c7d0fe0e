# SPDX-License-Identifier: Apache-2.0
"""What httpd cannot run with is refused by `configtest`, with the sentence of the start."""

import subprocess

import pytest
from httpd import OURS, load_modules
from supervised import SUPERVISOR

LINES = "ServerName localhost\nPidFile httpd.pid\nErrorLog error.log\nListen 127.0.0.1:1\n"
APPLICATION = "GatewayApplication wiki %s -- %s"
SOCKET, HOST = "unix:/run/x.sock", "fcgi://127.0.0.1:9000"
BALANCER = "<Proxy balancer://b>\nBalancerMember %s\n</Proxy>\n"
LONG = "a" * 90


def capacity(address):
    return "GatewayCapacity %s 2" % address, "neither unix:/path nor fcgi://host:port"


WRONG = {
    "capacity": [
        *map(capacity, ["fcgi://127.0.0.1", "fcgi://127.0.0.1:0", "fcgi://127.0.0.1:65536",
                        "fcgi://127.0.0.1:-1", "fcgi://127.0.0.1:9000/app", "fcgi://:9000",
                        "fcgi://127.0.0.1:9000?a", "fcgi://me@127.0.0.1:9000", "fcgi://", "unix:",
                        "unix:x.sock", "unix:/", "unix:/run/", "unix:/%s/%s" % (LONG, LONG),
                        "unix:/a|http://b/", '""', "gateway://wiki", "127.0.0.1:9000",
                        "fcgi://%s.%s:9000" % (LONG, LONG)]),
        *(("GatewayCapacity %s %s" % (SOCKET, words), "what is wanted is a number")
          for words in ["0", "-1", "+2", "1025", "99999999999999999999", "2 queue=0",
                        "2 queue=1025", "2 wait=0", "2 wait=3601", "2 wait=", "2 queue=+1"]),
        ("GatewayCapacity %s 2\nGatewayCapacity %s 3" % (SOCKET, SOCKET), "other numbers already"),
        ("\n".join("GatewayCapacity unix:/%d 2" % i for i in range(65)), "at most 64 addresses"),
    ],
    "sendfile": [("GatewaySendfile " + words, "GatewaySendfile: " + why) for words, why in [
        ("/missing", "/missing: No such file"), ("/p=/missing", "/missing: No such file"),
        ("/etc/passwd", "/etc/passwd is not a directory"), ("files", '"files" is neither'),
        ("/p=files", "/p=files: No such file"), ("/p=", "/p=: No such"),
        ("/tmp /missing", "/missing: No such file")]],
    "authorizer": [
        *(("GatewayAuthorizer " + words, "GatewayAuthorizer") for words in [
            "fcgi://127.0.0.1", "fcgi://127.0.0.1:0", "fcgi://127.0.0.1:99999", '""', "unix:",
            "fcgi://127.0.0.1:9000/app", "unix:x.sock", SOCKET + " timeout=3601",
            SOCKET + " timeout=0", SOCKET + " timeout=+5", SOCKET + " script=a"]),
        *(("GatewayAuthorizer gateway://" + name, "there is no GatewayApplication " + name)
          for name in ["nope", "nope:9"]),
        ("<Location /a>\nGatewayAuthorizer gateway://nope\n</Location>", "GatewayApplication nope"),
    ],
    "recorder": [("GatewayFlightRecorder " + words, "GatewayFlightRecorder") for words in [
        "64K /missing", "64K /etc/passwd", "64K missing", "64K", "0 /tmp", "-1 /tmp", "17M /tmp",
        "+64K /tmp", "99999999999999999999 /tmp"]],
    "buffer": [("GatewayBuffer " + words, "neither a number of bytes") for words in [
        "0", "-1", "+1", "65G", "1T", "8000000000G", "99999999999999999999", "1KK", "K"]],
    "application": [(APPLICATION % words, why) for words, why in [
        (("user=nobody-here", "true"), 'there is no user "nobody-here"'),
        (("user=", "true"), 'there is no user ""'),
        (("group=nobody-here", "true"), 'there is no group "nobody-here"'),
        (("dir=/missing", "true"), "/missing: No such file"),
        (("dir=tmp", "true"), '"tmp" is not an absolute path'),
        (("dir=/etc/passwd", "true"), "/etc/passwd is not a directory"),
        (("", "/missing"), "/missing: No such file"),
        (("", "/etc/passwd"), "/etc/passwd is not a program"),
        (("", "/tmp"), "/tmp is not a program"),
        (("", "nothing-here"), 'there is no program "nothing-here" in PATH'),
        (("env:PATH=/missing", "true"), 'there is no program "true" in PATH'),
        (("dir=/etc", "./nothing"), "/etc/./nothing: No such file"),
        (("processes=0", "true"), "processes"), (("processes=65", "true"), "processes"),
        (("queue=-1", "true"), "queue"), (("stop-timeout=x", "true"), "stop-timeout"),
        (("max-memory=-1", "true"), "max-memory"), (("umask=9", "true"), "umask")]],
    "supervisor": [("GatewaySupervisor " + path, "GatewaySupervisor: " + why) for path, why in [
        ("/missing", "/missing: No such file"), ("/etc/passwd", "/etc/passwd is not a program"),
        ("/tmp", "/tmp is not a program")]],
    "worker": [(words, "there is no GatewayApplication none") for words in [
        "ProxyPass / gateway://none/", "ProxyPass / gateway://none:9/", BALANCER % "gateway://none",
        "<Proxy gateway://none/>\nProxySet timeout=5\n</Proxy>", "ProxyPass / GATEWAY://none/",
        "<VirtualHost *:1>\nProxyPass / gateway://none/\n</VirtualHost>",
        'ProxyPassMatch "^/(.*)$" gateway://none/$1']],
}  # fmt: skip


def said(directory, lines, *words):
    configuration = directory / "httpd.conf"
    loads = load_modules("mpm_event", "authz_core", "proxy", "slotmem_shm", "proxy_balancer",
                         "lbmethod_byrequests", "proxy_hcheck")  # fmt: skip
    ours = "LoadModule gateway_module %s\n" % OURS
    lines = "ServerRoot %s\n%s%s%s%s\n" % (directory, loads, ours, LINES, lines)
    configuration.write_text(lines)
    command = ["/usr/sbin/apache2", *words, "-f", configuration]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20)
    log = directory / "error.log"
    return ended.returncode, ended.stderr + (log.read_text() if log.exists() else "")


@pytest.mark.parametrize("kind", WRONG)
def test_configtest_refuses(directory, kind):
    accepted = []
    for lines, why in WRONG[kind]:
        code, text = said(directory, lines, "-t")
        if code == 0 or why not in text:
            accepted.append((lines, why, text))
    assert not accepted


@pytest.mark.parametrize("kind", WRONG)
def test_the_start_says_the_same(directory, kind):
    lines, why = WRONG[kind][-1]
    code, text = said(directory, lines, "-DFOREGROUND")
    assert code != 0 and why in text


@pytest.mark.parametrize("mode, why", [(0o777, "only its owner writes"), (0o775, "only its owner")])
def test_a_runtime_directory_that_others_write_to(directory, mode, why):
    place = directory / "run"
    place.mkdir()
    place.chmod(mode)
    assert why in said(directory, "GatewayRuntimeDir %s" % place, "-t")[1]


@pytest.mark.parametrize("path, why", [
    ("/missing/run", "/missing"), ("/etc/passwd", "/etc/passwd is not a directory"),
    ("/tmp/" + LONG, "too long for a socket")])  # fmt: skip
def test_a_runtime_directory_that_cannot_be(directory, path, why):
    lines = "GatewayRuntimeDir %s\nGatewayApplication wiki -- true" % path
    code, text = said(directory, lines, "-t")
    assert code != 0 and why in text


RIGHT = """
GatewayRuntimeDir run
GatewaySupervisor %s
GatewayApplication wiki user=www-data group=33 dir=/tmp -- sh -c true
GatewayCapacity unix:/run/x.sock|fcgi://x 2 queue=1 wait=1
GatewayCapacity unix:/run/x.sock 2 queue=1 wait=1
GatewayCapacity fcgi://LOCALHOST:9000/ 2
GatewayCapacity fcgi://[::1]:9000 1024
GatewaySendfile /tmp /p=/srv/
GatewayFlightRecorder 1K /tmp
GatewayBuffer 64G
ProxyPass "/a" "gateway://WIKI/"
ProxyPassMatch "^/b/(\\w+)$" "gateway://$1/"
<Proxy balancer://c>
    BalancerMember gateway://wiki
</Proxy>
<Location /d>
    GatewayAuthorizer gateway://wiki/ timeout=5
</Location>
"""


def test_right_lines_pass(directory):
    code, text = said(directory, RIGHT % SUPERVISOR, "-t")
    assert code == 0 and text == "Syntax OK\n"


def test_a_health_check_that_is_not_made_is_told(directory):
    lines = "GatewayApplication wiki -- true\n" + BALANCER % "gateway://wiki hcmethod=TCP"
    code, text = said(directory, lines, "-t")
    assert code == 0 and "GW1043: gateway://wiki is not checked by mod_proxy_hcheck" in text
