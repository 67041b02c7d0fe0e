# SPDX-License-Identifier: Apache-2.0
"""Per-directory configuration, aliases, users' directories, rewrites: how a page is found."""

from behaviour import answers
from case_table import UNIX, Case, Fragment
from raw_client import Request, sends_request

SHORT = 120
SET = 'SetHandler "proxy:%s"\n' % UNIX
FILES = '<FilesMatch "\\.php$">\n%s</FilesMatch>\n' % SET
SITE = 'DocumentRoot @site@\n<Directory @site@>\nOptions -MultiViews\n%s</Directory>\n'
FRAGMENTS = {
    "directory": Fragment(SITE % FILES),
    "if": Fragment(SITE % ('<If "%{REQUEST_URI} =~ /php/">\n' + SET + "</If>\n")),
    "if a file": Fragment(SITE % ('<FilesMatch "\\.php$">\n<If "-f %{REQUEST_FILENAME}">\n' + SET
                                  + "</If>\n</FilesMatch>\n")),
    "else": Fragment(SITE % ("<If \"-n %{HTTP:X-Static}\">\nSetHandler none\n</If>\n<Else>\n" + SET
                             + "</Else>\n")),
    "add handler": Fragment(SITE % ("AddHandler proxy:%s .php\n" % UNIX)),
    "alias": Fragment(SITE % FILES + 'Alias "/other" "@site@/sub"\n'),
    "alias match": Fragment(SITE % FILES + 'AliasMatch "^/other/(.*)$" "@site@/sub/$1"\n'),
    "user": Fragment(SITE % FILES + "UserDir @site@/home/*\n"),
    "virtual root": Fragment("UseCanonicalName Off\nVirtualDocumentRoot @site@/%0\n"
                             "<Directory @site@>\n" + FILES + "</Directory>\n"),
    "override": Fragment('Define own_handler "proxy:unix:@side@/app.sock|fcgi://own"\n'
                         "DocumentRoot @site@\n<Directory @site@>\nAllowOverride All\n"
                         "</Directory>\n"),
    "fallback": Fragment(SITE % (FILES + "FallbackResource /params.php\n")),
    "fallback below": Fragment(SITE % (FILES + "FallbackResource /sub/params.php\n")),
    "index": Fragment(SITE % (FILES + "DirectoryIndex params.php\n")),
    "views": Fragment(SITE.replace("-MultiViews", "+MultiViews") % FILES
                      + "AddType application/x-own .php\n"),
    "rewrite in directory": Fragment(SITE % (
        FILES + "RewriteEngine On\nRewriteCond %{REQUEST_FILENAME} !-f\n"
        "RewriteRule ^(.*)$ /params.php/$1 [L,QSA]\n")),
    "rewrite proxy": Fragment(SITE % FILES + "RewriteEngine On\n"
                              'RewriteRule "^/other/(.*)$" "%s/@site@/$1" [P,QSA]\n' % UNIX),
    "rewrite to handler": Fragment(SITE % "" + "RewriteEngine On\nRewriteRule \\.php - "
                                   '"[H=proxy:%s/]"\n' % UNIX),
    "rewrite escaped": Fragment(SITE % FILES + "RewriteEngine On\n"
                                'RewriteRule "^/other/(.*)$" "/params.php?x=$1" [B,PT]\n'),
    "action": Fragment(SITE % FILES + 'AddHandler own .txt\nAction own "/params.php" virtual\n'),
    "redirect": Fragment(SITE % FILES + 'Redirect "/other" "/sub"\n'),
    "methods": Fragment(SITE % (FILES + "AllowMethods GET POST\n")),
    "limit": Fragment(SITE % (FILES + "<LimitExcept GET>\nRequire all denied\n</LimitExcept>\n")),
    "path info off": Fragment(SITE % (FILES + "AcceptPathInfo Off\n")),
    "location match": Fragment('<LocationMatch "^/(sub/)?params">\n' + SET + "</LocationMatch>\n"),
    "files in location": Fragment(SITE % "" + '<Location "/sub">\n' + SET + "</Location>\n"),
    "pass in location": Fragment('<Location "/sub">\nProxyPass "%s/base"\n</Location>\n' % UNIX),
    "pass with path": Fragment('ProxyPass "/sub" "%s/base"\n' % UNIX
                               + 'ProxyPassReverse "/sub" "/base"\n'),
    "pass match": Fragment('ProxyPassMatch "^/sub/(.*)$" "%s/base/$1"\n' % UNIX),
    "no proxy": Fragment('SetEnvIf Request_URI "^/sub" no-proxy\nProxyPass "/" "%s/"\n' % UNIX),
    "generic": Fragment("ProxyFCGIBackendType GENERIC\n" + SITE % FILES),
    "variables": Fragment(SITE % FILES + "SetEnv OWN 1\n"
                          'ProxyFCGISetEnvIf "true" MADE "%{reqenv:OWN}"\n'
                          'ProxyFCGISetEnvIf "-n %{HTTP:X-Static}" !SCRIPT_NAME\n'),
}  # fmt: skip
TARGETS = ("/params.php", "/params.php/extra?a=1", "/sub/params.php", "/sub/", "/sub", "/",
           "/missing.php", "/missing/path", "/note.txt", "/other/params.php", "/other/a%20b?c",
           "/~sub/params.php", "/params", "/sub.dir/params.php/x%2Fy", "/params.php?%3F=%26",
           "/access/params.php", "/access/note.txt")  # fmt: skip


def cases(_random):
    for fragment in FRAGMENTS:
        for target in TARGETS:
            for method in ("GET", "POST", "HEAD", "OPTIONS"):
                request = Request(target, method, body=b"a=1" if method == "POST" else b"")
                yield Case("%s %s %s" % (fragment, target, method), fragment,
                           sends_request(request), answers())  # fmt: skip
        static = Request("/sub/params.php", fields=(("X-Static", "1"),))
        yield Case("%s with a field" % fragment, fragment, sends_request(static), answers())
