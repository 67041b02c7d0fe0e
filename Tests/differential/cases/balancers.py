# SPDX-License-Identifier: Apache-2.0
"""Balancers, their members' states, health checks by TCP, and parameters of workers."""

from behaviour import PAGE, answers, head, sends
from case_table import UNIX, Case, Fragment
from raw_client import Request, sends_request

SHORT = 60
# Which members are in error depends on the requests before.
SERIAL = True
BALANCER = '<Proxy "balancer://@name@">\n%s</Proxy>\nProxyPass "/" "balancer://@name@/"\n'
LIVE = 'BalancerMember "fcgi://@tcp@" %s\n'
SOCKET = 'BalancerMember "%s" %%s\n' % UNIX
DEAD = 'BalancerMember "fcgi://@closed@" %s\n'
CHECK = "hcmethod=TCP hcinterval=1 hcpasses=1 hcfails=1"
BALANCED = {
    "one": LIVE % "",
    "two": LIVE % "lbset=0" + SOCKET % "lbset=1",
    "routes": LIVE % "route=a" + SOCKET % "route=b" + "ProxySet stickysession=ROUTE\n",
    "header": LIVE % "route=a" + "ProxySet stickysession=ROUTE\n",
    "dead and live": DEAD % "retry=60 lbset=0" + LIVE % "lbset=1",
    "dead": DEAD % "",
    "hot standby": DEAD % "" + LIVE % "status=+H",
    "disabled": LIVE % "status=+D" + SOCKET % "",
    "drain": LIVE % "status=+N" + SOCKET % "",
    "stopped": LIVE % "status=+S" + SOCKET % "",
    "all disabled": LIVE % "status=+D",
    "busyness": LIVE % "" + "ProxySet lbmethod=bybusyness\n",
    "checked": LIVE % CHECK,
    "checked, one dead": DEAD % CHECK + LIVE % CHECK,
    "no recovery": LIVE % "" + "ProxySet nofailover=On\n",
    "kept": LIVE % "enablereuse=on",
}
WORKERS = {
    "timeout": 'ProxyPass "/" "%s/" timeout=1\n' % UNIX,
    "timeout kept": 'ProxyPass "/" "fcgi://@tcp@/" timeout=1 enablereuse=on\n',
    "ProxyTimeout": 'ProxyTimeout 1\nProxyPass "/" "%s/"\n' % UNIX,
    "Timeout": 'Timeout 1\nProxyPass "/" "%s/"\n' % UNIX,
    "max": 'ProxyPass "/" "fcgi://@tcp@/" enablereuse=on max=5 smax=2 ttl=10 acquire=3000\n',
    "disablereuse": 'ProxyPass "/" "fcgi://@tcp@/" disablereuse=on\n',
    "flush": 'ProxyPass "/" "fcgi://@tcp@/" flushpackets=on\n',
    "flush auto": 'ProxyPass "/" "fcgi://@tcp@/" flushpackets=auto flushwait=20\n',
    "buffers": 'ProxyPass "/" "fcgi://@tcp@/" iobuffersize=65536 responsefieldsize=16384\n',
    "closed": 'ProxyPass "/" "fcgi://@closed@/" retry=0\n',
    "closed, retry": 'ProxyPass "/" "fcgi://@closed@/" retry=60\n',
    "no socket": 'ProxyPass "/" "unix:@side@/none.sock|fcgi://@name@/" retry=0\n',
    "handler closed": '<Location "/">\nSetHandler "proxy:fcgi://@closed@/"\n</Location>\n',
    "keepalive": 'ProxyPass "/" "fcgi://@tcp@/" keepalive=on ping=1 enablereuse=on\n',
    "secret and route": 'ProxyPass "/" "fcgi://@tcp@/" route=a redirect=b\n',
}
FRAGMENTS = {name: Fragment(BALANCER % lines) for name, lines in BALANCED.items()}
FRAGMENTS.update({name: Fragment(lines) for name, lines in WORKERS.items()})


APPLICATIONS = {
    "page": answers(),
    "503": answers(b"503 Busy"),
    "500": answers(b"500 Broken"),
    "early": sends(head(None, b"Content-Type: text/plain") + PAGE, read=False),
}
def cases(_random):
    for fragment in FRAGMENTS:
        for name, application in APPLICATIONS.items():
            for method in ("GET", "HEAD", "POST"):
                fields = (("Cookie", "ROUTE=x.a"),) if "route" in fragment else ()
                body = b"x" * 300 if method == "POST" else b""
                request = Request(method=method, fields=fields, body=body)
                yield Case("%s %s %s" % (fragment, name, method), fragment, sends_request(request),
                           application)  # fmt: skip
