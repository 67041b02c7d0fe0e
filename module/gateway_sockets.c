/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mod_proxy tells workers apart by the URL behind "unix:PATH|", not by the path: of two lines with
 * one URL and different sockets both go to the first one's. No module sees that when it happens
 * (AH01145), so it is looked for in the configuration tree.
 */
#include "mod_gateway.h"

#include <util_cfgtree.h>

typedef struct socket_line {
    const ap_directive_t *directive;
    const ap_directive_t *scope; /* workers of different hosts or balancers are different */
    const char *path;
    const char *name;
} socket_line;

/* The first word of line that names a socket of FastCGI. */
static int read_socket(apr_pool_t *pool, const char *line, socket_line *found)
{
    while (*line) {
        const char *word = ap_getword_conf(pool, &line);
        const char *bar = ap_strchr_c(word, '|');
        if (ap_cstr_casecmpn(word, "unix:", 5) == 0 && bar
            && ap_cstr_casecmpn(bar + 1, "fcgi://", 7) == 0) {
            found->path = apr_pstrmemdup(pool, word + 5, (apr_size_t)(bar - word - 5));
            /* A pattern's name ends before its first reference. */
            char *name = apr_pstrmemdup(pool, bar + 1, strcspn(bar + 1, "$"));
            apr_size_t length = strlen(name);
            while (length && name[length - 1] == '/') {
                name[--length] = '\0';
            }
            found->name = name;
            return 1;
        }
    }
    return 0;
}

static const ap_directive_t *scope_of(const ap_directive_t *directive)
{
    int is_member = ap_cstr_casecmp(directive->directive, "BalancerMember") == 0;
    for (const ap_directive_t *each = directive->parent; each; each = each->parent) {
        if (ap_cstr_casecmp(each->directive, "<VirtualHost") == 0
            || (is_member && ap_cstr_casecmp(each->directive, "<Proxy") == 0)) {
            return each;
        }
    }
    return NULL;
}

static int is_shared(const socket_line *first, const socket_line *later)
{
    apr_size_t length = strlen(first->name);
    return first->scope == later->scope && strcmp(first->path, later->path) != 0
        && ap_cstr_casecmpn(first->name, later->name, length) == 0
        && (later->name[length] == '\0' || later->name[length] == '/');
}

static void compare(const apr_array_header_t *lines, const socket_line *later)
{
    for (int i = 0; i < lines->nelts; ++i) {
        const socket_line *first = &APR_ARRAY_IDX(lines, i, socket_line);
        if (is_shared(first, later)) {
            ap_log_error(APLOG_MARK, APLOG_ERR, 0, ap_server_conf,
                         "GW1004: %s:%d names the socket %s, but its requests go to %s as those of "
                         "%s:%d do, since both are called %s: give one of them another name behind "
                         "the \"|\", such as fcgi://%s-2/",
                         later->directive->filename, later->directive->line_num, later->path,
                         first->path, first->directive->filename, first->directive->line_num,
                         first->name, first->name + 7);
            return;
        }
    }
}

static int names_workers(const char *directive)
{
    return ap_cstr_casecmp(directive, "ProxyPass") == 0
        || ap_cstr_casecmp(directive, "ProxyPassMatch") == 0
        || ap_cstr_casecmp(directive, "BalancerMember") == 0;
}

static void walk(apr_pool_t *pool, const ap_directive_t *first, apr_array_header_t *lines)
{
    for (const ap_directive_t *each = first; each; each = each->next) {
        socket_line line = { each, scope_of(each), NULL, NULL };
        if (names_workers(each->directive) && read_socket(pool, each->args, &line)) {
            compare(lines, &line);
            APR_ARRAY_PUSH(lines, socket_line) = line;
        }
        if (each->first_child) {
            walk(pool, each->first_child, lines);
        }
    }
}

int gw_check_sockets(apr_pool_t *pool, apr_pool_t *log_pool, apr_pool_t *temporary_pool,
                     server_rec *server)
{
    /* httpd reads its configuration twice when it starts. */
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
    walk(temporary_pool, ap_conftree, apr_array_make(temporary_pool, 8, sizeof(socket_line)));
    return OK;
}
