# SPDX-License-Identifier: Apache-2.0
"""The configurations of mod_proxy_fcgi's manual, of its tests and of the field, and what is asked.

%(unix)s and %(tcp)s stand for the application, %(site)s for the directory of the pages, %(host)s
for the name of the virtual host.
"""

from httpd import load_modules

LOADS = load_modules("rewrite", "actions", "dir", "alias", "env", "setenvif", "mime", "auth_basic",
                     "authn_core", "authn_file", "authz_user", "slotmem_shm", "proxy_balancer",
                     "lbmethod_byrequests") + "TypesConfig /dev/null\n"  # fmt: skip

SET = '    SetHandler "proxy:%(unix)s|fcgi://localhost/"\n'
FILES = '<FilesMatch "\\.php$">\n%s</FilesMatch>\n'
IF = '    <If "-f %%%%{REQUEST_FILENAME}">\n    %s    </If>\n'
HANDLER = FILES % SET
MATCH = 'ProxyPassMatch "^/(.*\\.php(/.*)?)$" "%(unix)s|fcgi://localhost%(site)s/$1"\n'
MATCH_TCP = 'ProxyPassMatch "^/(.*\\.php(/.*)?)$" "fcgi://%(tcp)s%(site)s/$1"\n'
PASS = 'ProxyPass "/" "fcgi://%(tcp)s%(site)s/"\n'
BALANCER = (
    '<Proxy "balancer://cluster-%(host)s/">\n    BalancerMember "fcgi://%(tcp)s"\n</Proxy>\n'
    'ProxyPass "/" "balancer://cluster-%(host)s%(site)s/"\n'
)
REWRITE = 'RewriteEngine On\nRewriteRule "^/(.*\\.php)(/.*)?$" "%s%%(site)s/$1$2" [P]\n'
AUTH = (
    '<Location "/">\n    AuthType Basic\n    AuthName own\n    AuthUserFile %(site)s/users\n'
    "    Require valid-user\n</Location>\n"
)

CONFIGURATIONS = {
    "handler": HANDLER,
    "handler without a slash": HANDLER.replace("localhost/", "localhost"),
    "handler by tcp": HANDLER.replace("%(unix)s|fcgi://localhost/", "fcgi://%(tcp)s/"),
    "handler with reuse": '<Proxy "fcgi://localhost/" enablereuse=on max=10>\n</Proxy>\n' + HANDLER,
    "handler, generic": "ProxyFCGIBackendType GENERIC\n" + HANDLER,
    "handler, fpm": "ProxyFCGIBackendType FPM\n" + HANDLER,
    "handler if it is a file": HANDLER.replace(SET, IF % SET),
    "match": MATCH,
    "match without reference": MATCH.replace("/$1", "/"),
    "match by tcp": MATCH_TCP,
    "match, generic": "ProxyFCGIBackendType GENERIC\n" + MATCH_TCP,
    "match, query in the target": MATCH_TCP.replace("/$1", "/$1?x=1"),
    "match with reuse": MATCH.replace("$1\"", '$1" enablereuse=on'),
    "pass": PASS,
    "pass, generic": "ProxyFCGIBackendType GENERIC\n" + PASS,
    "pass, as it is": PASS.replace("/\"\n", '/" nocanon\n'),
    "pass, encoded slashes": "AllowEncodedSlashes NoDecode\n" + PASS,
    "pass, decoded slashes": "AllowEncodedSlashes On\n" + PASS,
    "balancer": BALANCER,
    "balancer, generic": "ProxyFCGIBackendType GENERIC\n" + BALANCER,
    "rewrite": REWRITE % "fcgi://%(tcp)s",
    "rewrite to a socket": REWRITE % "%(unix)s|fcgi://localhost",
    "rewrite to path info": HANDLER + "RewriteEngine On\n"
    'RewriteRule "^/clean/(.*)$" "/params.php/$1" [PT,QSA]\n',
    "rewrite to a query": HANDLER + "RewriteEngine On\n"
    'RewriteRule "^/clean/(.*)$" "/params.php?was=$1" [PT,QSA]\n',
    "action": HANDLER + 'Action own "/params.php"\nAddHandler own .txt\n',
    "fallback": HANDLER + "FallbackResource /params.php\n",
    "index": HANDLER + "DirectoryIndex params.php\n",
    "alias": HANDLER + 'Alias "/clean" "%(site)s/sub"\n',
    "error document": HANDLER + "ErrorDocument 404 /params.php/lost\n",
    "error document, qualified": HANDLER + "QualifyRedirectURL On\nErrorDocument 404 /params.php\n",
    "authorization": HANDLER + '<Location "/">\n    CGIPassAuth On\n</Location>\n',
    "authorization by variable": HANDLER
    + "SetEnvIfNoCase ^Authorization$ (.+) HTTP_AUTHORIZATION=$1\n",
    "user": HANDLER + AUTH,
    "original uri": HANDLER + "CGIVar REQUEST_URI original-uri\n",
    "environment": HANDLER + 'SetEnv EMPTY ""\nSetEnv ODD "a=b c"\nPassEnv PATH\n',
    "set a variable": HANDLER
    + 'ProxyFCGISetEnvIf "true" OWN "/chroot%%{reqenv:SCRIPT_FILENAME}"\n',
    "set by conditions": HANDLER
    + "ProxyFCGISetEnvIf \"reqenv('PATH_INFO') =~ m#(/.*p).*$#\" PART \"$1\"\n"
    'ProxyFCGISetEnvIf "true" !SERVER_SOFTWARE\nProxyFCGISetEnvIf "false" NEVER 1\n'
    'ProxyFCGISetEnvIf "true" EMPTY\n',
}
for kind in ("first-dot", "last-dot", "full", "unescape", "1"):
    for name, lines in (("match", MATCH_TCP), ("pass", PASS), ("generic",
                        "ProxyFCGIBackendType GENERIC\n" + PASS)):  # fmt: skip
        with_kind = "SetEnv proxy-fcgi-pathinfo %s\n" % kind + lines
        CONFIGURATIONS["path info %s, %s" % (kind, name)] = with_kind

TARGETS = [
    "/params.php", "/params.php?a=1&b=%20%C3%A4", "/params.php?", "/params.php/extra/path?x=1",
    "/sub/params.php/a%2Fb/c", "/params.php/%C3%A4%20a+b;c=d", "/params.php/a.b/c.php/d",
    "/sub.dir/params.php/x", "/clean/one/two?three=3", "/", "/note.txt", "/missing.php/x",
    "//params.php//x/", "/./sub/../params.php/./y", "/params.php/%25/%3f", "/clean/params.php",
]  # fmt: skip

FIELDS = [
    ("Authorization", "Basic bWU6bXk="), ("X-Own", "one"), ("X-Own", "two"), ("X_Own", "forged"),
    ("Proxy", "http://evil.example/"), ("Content-Type", "text/x-own"), ("Accept", ""),
    ("User-Agent", "tests \"quoted\" \xe4"),
]  # fmt: skip
