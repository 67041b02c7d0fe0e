/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as directives and workers spell them: one reading for all of them. */
#include "mod_gateway.h"

#include <sys/un.h>

#define FCGI_SCHEME "fcgi"
/* What shared memory has room for. */
#define MOST_ADDRESS_LENGTH 127

/* /path, or /path|fcgi://name as workers have it. NULL: it is neither. */
static const char *read_socket(apr_pool_t *pool, const char *text)
{
    apr_size_t length = strcspn(text, "|");
    const struct sockaddr_un *room = NULL;
    int is_named = text[length] == '\0'
        || (ap_cstr_casecmpn(text + length + 1, FCGI_SCHEME "://", 7) == 0 && text[length + 8]);
    int fits = length > 1 && length < sizeof room->sun_path && text[length - 1] != '/';
    return is_named && fits ? apr_pstrmemdup(pool, text, length) : NULL;
}

/* fcgi://host:port, perhaps with a slash. Without a port the address could mean another than the
 * one that the operator has in mind. NULL: it is something else. */
static const char *read_host(apr_pool_t *pool, const char *text)
{
    apr_uri_t uri;
    if (apr_uri_parse(pool, text, &uri) != APR_SUCCESS || !uri.scheme || !uri.hostname
        || !*uri.hostname || ap_cstr_casecmp(uri.scheme, FCGI_SCHEME) != 0 || uri.user
        || uri.query || uri.fragment || (uri.path && strcmp(uri.path, "/") != 0)) {
        return NULL;
    }
    uint32_t port;
    if (!uri.port_str || !gw_number_read(uri.port_str, 1, 65535, &port)) {
        return NULL;
    }
    /* As mod_proxy has the names of hosts. */
    char *host = apr_pstrdup(pool, uri.hostname);
    ap_str_tolower(host);
    const char *address = apr_psprintf(pool, "%s:%u", host, port);
    return strlen(address) <= MOST_ADDRESS_LENGTH ? address : NULL;
}

const char *gw_address_read(apr_pool_t *pool, const char *text)
{
    if (ap_cstr_casecmpn(text, "unix:", 5) == 0) {
        text += 5;
        return *text == '/' ? read_socket(pool, text) : NULL;
    }
    return *text == '/' ? read_socket(pool, text) : read_host(pool, text);
}

int gw_is_application(const char *url)
{
    static const char prefix[] = GW_APPLICATION_SCHEME "://";
    return ap_cstr_casecmpn(url, prefix, sizeof prefix - 1) == 0;
}

const char *gw_application_name(apr_pool_t *pool, const char *url)
{
    const char *name = url + sizeof GW_APPLICATION_SCHEME + 2;
    return apr_pstrmemdup(pool, name, strcspn(name, "/?"));
}

int gw_number_read(const char *text, apr_int64_t least, apr_int64_t most, uint32_t *number)
{
    char *end;
    apr_int64_t value = apr_strtoi64(text, &end, 10);
    if (!apr_isdigit(*text) || *end || value < least || value > most) {
        return 0;
    }
    *number = (uint32_t)value;
    return 1;
}
