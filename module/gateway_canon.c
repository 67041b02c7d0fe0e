/* SPDX-License-Identifier: Apache-2.0 */
/* fcgi:// and gateway:// URLs: the name that mod_proxy finds the worker by, and PATH_INFO as asked
 * for. */
#include "mod_gateway.h"

/* mod_proxy's own, which it looks for in a list of all schemes. */
#define FCGI_PORT 8000

/* Of those that are ours; NULL: it is another one's. */
static const char *scheme_of(const char *url)
{
    return ap_cstr_casecmpn(url, "fcgi:", 5) == 0 ? "fcgi"
           : ap_cstr_casecmpn(url, GW_APPLICATION_SCHEME ":", sizeof GW_APPLICATION_SCHEME) == 0
               ? GW_APPLICATION_SCHEME
               : NULL;
}

/* A path that goes on as it is must not smuggle: php-fpm takes '?' for the query's begin. */
static int has_forbidden(const char *path, int forbids_question_mark)
{
    for (; *path; ++path) {
        if (apr_iscntrl(*path) || (forbids_question_mark && *path == '?')) {
            return 1;
        }
    }
    return 0;
}

static int is_to_be_kept(const request_rec *r)
{
    return apr_table_get(r->notes, "proxy-sethandler") || apr_table_get(r->notes, "proxy-nocanon")
        || apr_table_get(r->notes, "proxy-noencode");
}

static int canonical_path(request_rec *r, char *given, char **path)
{
    if (is_to_be_kept(r)) {
        int is_fpm = gw_may_be_fpm(r);
        if (has_forbidden(given, is_fpm)) {
            ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                          APLOGNO(10414) "To be forwarded path contains control characters%s (%s)",
                          is_fpm ? " or '?'" : "", given);
            return HTTP_FORBIDDEN;
        }
        *path = given;
        return OK;
    }
    const core_dir_config *core = ap_get_core_module_config(r->per_dir_config);
    int flags = core->allow_encoded_slashes && !core->decode_encoded_slashes
                    ? PROXY_CANONENC_NOENCODEDSLASHENCODING
                    : 0;
    *path = ap_proxy_canonenc_ex(r->pool, given, (int)strlen(given), enc_path, flags, r->proxyreq);
    return *path ? OK : HTTP_BAD_REQUEST;
}

/* Ends the script's path at the first slash after dot, and makes PATH_INFO of what follows. */
static void split_path_info(request_rec *r, char *dot)
{
    char *slash = dot ? ap_strchr(dot, '/') : NULL;
    if (slash) {
        r->path_info = apr_pstrdup(r->pool, slash);
        ap_unescape_url_keep2f(r->path_info, 0);
        *slash = '\0';
    }
}

/* r->filename, and with it SCRIPT_FILENAME, keeps the whole path, as mod_proxy_fcgi leaves it. */
static void apply_path_info_rule(request_rec *r, char *path, const char *given)
{
    const char *rule = apr_table_get(r->subprocess_env, "proxy-fcgi-pathinfo");
    gw_request_of(r)->walk_path = NULL;
    if (!rule) {
        return;
    }
    if (strcasecmp(rule, "full") == 0) {
        gw_request_of(r)->walk_path = apr_pstrcat(r->pool, "/", given, NULL);
    }
    else if (strcasecmp(rule, "first-dot") == 0) {
        split_path_info(r, ap_strchr(path, '.'));
    }
    else if (strcasecmp(rule, "last-dot") == 0) {
        split_path_info(r, ap_strrchr(path, '.'));
    }
    else {
        r->path_info = apr_pstrcat(r->pool, "/", path, NULL);
        if (strcasecmp(rule, "unescape") == 0) {
            ap_unescape_url_keep2f(r->path_info, 0);
        }
        ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r, APLOGNO(01061) "set r->path_info to %s",
                      r->path_info);
    }
}

int gw_canon(request_rec *r, char *url)
{
    const char *scheme = scheme_of(url);
    if (!scheme) {
        return DECLINED;
    }
    /* The parser cuts the URL into pieces. */
    const char *application = gw_is_application(url) ? apr_pstrdup(r->pool, url) : NULL;
    url += strlen(scheme) + 1;

    char *host;
    apr_port_t default_port = strcmp(scheme, "fcgi") == 0 ? FCGI_PORT : 0;
    apr_port_t port = default_port;
    const char *error = ap_proxy_canon_netloc(r->pool, &url, NULL, NULL, &host, &port);
    if (error && application) {
        return gw_application_unknown(r, application);
    }
    if (error) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, APLOGNO(01059) "error parsing URL %s: %s", url,
                      error);
        return HTTP_BAD_REQUEST;
    }
    if (ap_strchr_c(host, ':')) {
        host = apr_pstrcat(r->pool, "[", host, "]", NULL);
    }
    const char *port_part = port == default_port ? "" : apr_psprintf(r->pool, ":%u", port);

    char *path;
    int status = canonical_path(r, url, &path);
    if (status != OK) {
        return status;
    }
    const char *origin = apr_pstrcat(r->pool, "proxy:", scheme, "://", host, port_part, "/", NULL);
    r->filename = apr_pstrcat(r->pool, origin, path, NULL);
    apply_path_info_rule(r, path, url);
    ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r, APLOGNO(01060) "set r->filename to %s",
                  r->filename);
    return OK;
}
