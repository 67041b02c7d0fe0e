/* SPDX-License-Identifier: Apache-2.0 */
/* The 30 params that a request of a browser usually has. */
#ifndef USUAL_PARAMS_H
#define USUAL_PARAMS_H

#include <stddef.h>

struct param {
    const char *name, *value;
    size_t name_length, value_length;
};

#define PARAM(name, value) { name, value, sizeof name - 1, sizeof value - 1 }

static struct param params[] = {
    PARAM("REQUEST_METHOD", "GET"),
    PARAM("GATEWAY_INTERFACE", "CGI/1.1"),
    PARAM("SERVER_PROTOCOL", "HTTP/1.1"),
    PARAM("SERVER_SOFTWARE", "Apache/2.4.62 (Debian)"),
    PARAM("SERVER_NAME", "www.example.org"),
    PARAM("SERVER_ADDR", "192.0.2.10"),
    PARAM("SERVER_PORT", "443"),
    PARAM("REMOTE_ADDR", "198.51.100.23"),
    PARAM("REMOTE_PORT", "52814"),
    PARAM("REQUEST_SCHEME", "https"),
    PARAM("HTTPS", "on"),
    PARAM("DOCUMENT_ROOT", "/srv/www/example/public"),
    PARAM("SCRIPT_FILENAME", "/srv/www/example/public/index.php"),
    PARAM("SCRIPT_NAME", "/index.php"),
    PARAM("PATH_INFO", "/articles/2024/fast-gateways"),
    PARAM("PATH_TRANSLATED", "/srv/www/example/public/articles/2024/fast-gateways"),
    PARAM("REQUEST_URI", "/index.php/articles/2024/fast-gateways?page=2&sort=date"),
    PARAM("QUERY_STRING", "page=2&sort=date"),
    PARAM("CONTENT_TYPE", ""),
    PARAM("CONTENT_LENGTH", ""),
    PARAM("HTTP_HOST", "www.example.org"),
    PARAM("HTTP_USER_AGENT",
          "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"),
    PARAM("HTTP_ACCEPT", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    PARAM("HTTP_ACCEPT_LANGUAGE", "en-GB,en;q=0.7,de;q=0.3"),
    PARAM("HTTP_ACCEPT_ENCODING", "gzip, deflate, br, zstd"),
    PARAM("HTTP_REFERER", "https://www.example.org/index.php/articles"),
    PARAM("HTTP_COOKIE", "session=8f14e45fceea167a5a36dedd4bea2543; theme=dark"),
    PARAM("HTTP_UPGRADE_INSECURE_REQUESTS", "1"),
    PARAM("HTTP_CONNECTION", "keep-alive"),
    PARAM("HTTP_CACHE_CONTROL", "max-age=0"),
};

#undef PARAM

enum { PARAM_COUNT = sizeof params / sizeof params[0] };

#endif
