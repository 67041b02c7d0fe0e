/* SPDX-License-Identifier: Apache-2.0 */
/* request_rec -> params: httpd's CGI variables, and what the configuration makes of them. */
#include "mod_gateway.h"

#include <util_script.h>

#include <limits.h>
#include <stdlib.h>

/* proxy-fcgi-pathinfo "full": finds the script among the files that httpd sees. The path itself is
 * tried first, then the same below DocumentRoot. */
static void find_script(request_rec *r, const char *walk_path)
{
    char *uri = r->uri;
    char *filename = r->filename;
    char *path_info = r->path_info;
    char *canonical_filename = r->canonical_filename;
    apr_finfo_t found = r->finfo;

    r->proxyreq = PROXYREQ_NONE;
    for (int is_translated = 0; is_translated < 2; ++is_translated) {
        char *path = apr_pstrdup(r->pool, walk_path);
        r->path_info = NULL;
        r->finfo.filetype = APR_NOFILE;
        r->uri = r->filename = r->canonical_filename = path;
        if (is_translated && ap_core_translate(r) != OK) {
            continue;
        }
        ap_directory_walk(r);
        if (r->finfo.filetype == APR_REG) {
            break;
        }
    }
    r->proxyreq = PROXYREQ_REVERSE;
    if (r->finfo.filetype != APR_REG) {
        r->filename = filename;
        r->canonical_filename = canonical_filename;
        r->path_info = path_info;
        r->finfo = found;
    }
    r->uri = uri;
}

/* A name that begins with "proxy:fcgi://" shows php-fpm that this is httpd, and it strips that
 * itself; others get the path alone. */
static void strip_origin(request_rec *r)
{
    static const char balancer[] = "proxy:balancer://";
    static const char fcgi[] = "proxy:fcgi://";
    static const char application[] = "proxy:" GW_APPLICATION_SCHEME "://";
    int is_generic = !gw_may_be_fpm(r);
    char *rest = NULL;
    if (strncmp(r->filename, balancer, sizeof balancer - 1) == 0) {
        rest = apr_pstrdup(r->pool, r->filename + sizeof balancer - 1);
    }
    else if (is_generic && strncmp(r->filename, fcgi, sizeof fcgi - 1) == 0) {
        rest = apr_pstrdup(r->pool, r->filename + sizeof fcgi - 1);
    }
    else if (strncmp(r->filename, application, sizeof application - 1) == 0) {
        rest = apr_pstrdup(r->pool, r->filename + sizeof application - 1);
        is_generic = 1;
    }
    if (!rest) {
        return;
    }
    if (is_generic && r->args && *r->args) {
        char *query = strchr(rest, '?');
        if (query && strcmp(query + 1, r->args) == 0) {
            *query = '\0';
        }
    }
    char *path = ap_strchr(rest, '/');
    if (path) {
        r->filename = path;
    }
}

/* ProxyFCGISetEnvIf. */
static int apply_rules(request_rec *r)
{
    const apr_array_header_t *rules = gw_directory_of(r)->rules;
    for (int i = 0; i < rules->nelts; ++i) {
        const gw_rule *rule = &APR_ARRAY_IDX(rules, i, gw_rule);
        ap_regmatch_t matches[AP_MAX_REG_MATCH];
        const char *source = NULL;
        const char *error = NULL;
        int holds = ap_expr_exec_re(r, rule->condition, AP_MAX_REG_MATCH, matches, &source, &error);
        if (holds < 0) {
            ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                          APLOGNO(10241) "fix_cgivars: Condition eval returned %d: %s", holds,
                          error);
            return HTTP_SERVICE_UNAVAILABLE;
        }
        if (!holds) {
            continue;
        }
        if (rule->unsets) {
            apr_table_unset(r->subprocess_env, rule->name);
            continue;
        }
        const char *value =
            ap_expr_str_exec_re(r, rule->value, AP_MAX_REG_MATCH, matches, &source, &error);
        if (error) {
            ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                          APLOGNO(03514) "Error evaluating expression for replacement of %s: '%s'",
                          rule->name, error);
            continue;
        }
        apr_table_setn(r->subprocess_env, rule->name, value);
    }
    return OK;
}

static int begins_cookie_pair(const char *text)
{
    const char *c = text;
    while (*c && !apr_isspace(*c) && !strchr("=;,\"", *c)) {
        ++c;
    }
    return c > text && *c == '=';
}

/* httpd joins repeated fields with a comma; cookies are told apart by semicolons. */
static const char *rejoined_cookies(apr_pool_t *pool, const char *cookies)
{
    if (!strstr(cookies, ", ")) {
        return cookies;
    }
    char *rejoined = apr_pstrdup(pool, cookies);
    for (char *comma = rejoined; (comma = strstr(comma, ", ")); comma += 2) {
        if (begins_cookie_pair(comma + 2)) {
            *comma = ';';
        }
    }
    return rejoined;
}

static int refused(request_rec *r, const char *name, gateway_status status)
{
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "GW1010: the variable %.64s cannot be sent: %s",
                  name,
                  status == GATEWAY_ERR_LIMIT ? "all variables together are too large"
                                              : gateway_status_name(status));
    return status == GATEWAY_ERR_LIMIT      ? HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE
           : status == GATEWAY_ERR_ENCODING ? HTTP_BAD_REQUEST
                                            : HTTP_INTERNAL_SERVER_ERROR;
}

int gw_params_send(request_rec *r, gateway_request *params)
{
    static const char cookie[] = "HTTP_COOKIE";
    const apr_array_header_t *variables = apr_table_elts(r->subprocess_env);
    for (int i = 0; i < variables->nelts; ++i) {
        const apr_table_entry_t *variable = &APR_ARRAY_IDX(variables, i, apr_table_entry_t);
        const char *name = variable->key;
        if (!name || !*name) {
            continue;
        }
        const char *value = variable->val ? variable->val : "";
        apr_size_t length = strlen(name);
        if (length == sizeof cookie - 1 && memcmp(name, cookie, length) == 0) {
            value = rejoined_cookies(r->pool, value);
        }
        ap_log_rerror(APLOG_MARK, APLOG_TRACE8, 0, r,
                      APLOGNO(01062) "sending env var '%s' value '%s'", name, value);
        gateway_status status =
            gateway_request_param(params, name, length, value, strlen(value));
        if (status != GATEWAY_OK) {
            return refused(r, name, status);
        }
    }
    return OK;
}

/* The name of a file behind all symbolic links; one that is not there keeps its name. What shows
 * php-fpm that this is httpd stays in front of it. */
static void resolve_symlinks(request_rec *r, const char *name)
{
    static const char fcgi[] = "proxy:fcgi://";
    const char *value = apr_table_get(r->subprocess_env, name);
    const char *path = value && strncmp(value, fcgi, sizeof fcgi - 1) == 0
                           ? ap_strchr_c(value + sizeof fcgi - 1, '/')
                           : value;
    char real[PATH_MAX];
    if (path && *path == '/' && realpath(path, real)) {
        const char *origin = apr_pstrmemdup(r->pool, value, (apr_size_t)(path - value));
        apr_table_setn(r->subprocess_env, name, apr_pstrcat(r->pool, origin, real, NULL));
    }
}

int gw_params_add(request_rec *r, gateway_request *params)
{
    /* Others, mod_xsendfile among them, look for "proxy:" in the name of a proxied request. */
    char *proxied_name = r->filename;
    const char *walk_path = gw_request_of(r)->walk_path;
    if (walk_path) {
        find_script(r, walk_path);
    }
    if (r->filename == proxied_name) {
        strip_origin(r);
    }
    ap_add_common_vars(r);
    ap_add_cgi_vars(r);
    r->filename = proxied_name;
    if (gw_directory_of(r)->resolves_symlinks == 1) {
        resolve_symlinks(r, "SCRIPT_FILENAME");
        resolve_symlinks(r, "DOCUMENT_ROOT");
    }

    int status = apply_rules(r);
    return status == OK ? gw_params_send(r, params) : status;
}
