/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GatewayAuthorizer: an application decides who may have what (FastCGI 1.0 section 6.3). It is
 * asked as an access checker, before httpd's own Require lines, which go on to hold: a provider of
 * Require could only say yes or no, and the application's answer, a login page or a challenge,
 * would be lost.
 */
#include "mod_gateway.h"
#include "gateway_stderr.h"

#include <util_script.h>

#define DEFAULT_TIMEOUT_S 30
#define MOST_TIMEOUT_S 3600
/* Of an answer that refuses. */
#define ANSWER_LIMIT (16 << 20)

static const char variable_prefix[] = "Variable-";

struct gw_authorizer {
    const char *address; /* as the library spells it, or gateway://NAME; NULL: nobody is asked */
    const char *script;  /* SCRIPT_FILENAME */
    uint32_t timeout_ms;
};

/* -------------------------------------------------------------------------------- configuration */

/* The last colon of host:port is the port's, whatever is in the host. */
static const char *library_address(apr_pool_t *pool, const char *address)
{
    if (*address == '/') {
        return apr_pstrcat(pool, "unix:", address, NULL);
    }
    const char *port = strrchr(address, ':');
    int length = (int)(port - address);
    return memchr(address, ':', (size_t)length)
               ? apr_psprintf(pool, "tcp:[%.*s]%s", length, address, port)
               : apr_pstrcat(pool, "tcp:", address, NULL);
}

/* Names of supervised applications that lines of the configuration that was read last name. */
static apr_array_header_t *named;

static apr_status_t forget_names(void *unused)
{
    named = NULL;
    return APR_SUCCESS;
}

static void note_name(apr_pool_t *pool, const char *name)
{
    if (!named) {
        named = apr_array_make(pool, 2, sizeof(const char *));
        apr_pool_cleanup_register(pool, NULL, forget_names, apr_pool_cleanup_null);
    }
    APR_ARRAY_PUSH(named, const char *) = name;
}

const char *gw_authorizer_unknown(void)
{
    for (int i = 0; named && i < named->nelts; ++i) {
        const char *name = APR_ARRAY_IDX(named, i, const char *);
        if (!gw_application_is_defined(name)) {
            return name;
        }
    }
    return NULL;
}

static const char *read_option(cmd_parms *cmd, gw_authorizer *authorizer, const char *word)
{
    uint32_t seconds;
    if (strncmp(word, "script=/", 8) == 0) {
        authorizer->script = word + 7;
        return NULL;
    }
    if (strncmp(word, "timeout=", 8) == 0
        && gw_number_read(word + 8, 1, MOST_TIMEOUT_S, &seconds)) {
        authorizer->timeout_ms = seconds * 1000;
        return NULL;
    }
    return apr_psprintf(cmd->pool,
                        "GatewayAuthorizer: \"%s\" is neither script=/path nor timeout=1..%d "
                        "(seconds)",
                        word, MOST_TIMEOUT_S);
}

const char *gw_authorizer_line(cmd_parms *cmd, void *config, int count, char *const words[])
{
    gw_directory *directory = config;
    gw_authorizer *authorizer = apr_pcalloc(cmd->pool, sizeof *authorizer);
    const char *flaw = NULL;
    directory->authorizer = authorizer;
    if (count == 1 && ap_cstr_casecmp(words[0], "Off") == 0) {
        return NULL;
    }
    int is_application = count && gw_is_application(words[0]);
    const char *address = count ? gw_address_read(cmd->pool, words[0]) : NULL;
    if (!address && !is_application) {
        return "GatewayAuthorizer requires unix:/path, fcgi://host:port, gateway://NAME or Off";
    }
    if (is_application) {
        note_name(cmd->pool, gw_application_name(cmd->pool, words[0]));
    }
    authorizer->address = is_application ? words[0] : library_address(cmd->pool, address);
    authorizer->timeout_ms = DEFAULT_TIMEOUT_S * 1000;
    for (int i = 1; i < count && !flaw; ++i) {
        flaw = read_option(cmd, authorizer, words[i]);
    }
    return flaw;
}

/* --------------------------------------------------------------------------------- the question */

/* Without what only a responder gets. Of a path's translation httpd is not asked, since it would
 * have to check the access to that. */
static void set_variables(request_rec *r, const gw_authorizer *authorizer)
{
    static const char *const responders[] = { "CONTENT_LENGTH", "PATH_INFO", "PATH_TRANSLATED",
                                              "SCRIPT_NAME", NULL };
    apr_table_t *variables = r->subprocess_env;
    ap_add_common_vars(r);
    apr_table_setn(variables, "GATEWAY_INTERFACE", "CGI/1.1");
    apr_table_setn(variables, "SERVER_PROTOCOL", r->protocol);
    apr_table_setn(variables, "REQUEST_METHOD", r->method);
    apr_table_setn(variables, "QUERY_STRING", r->args ? r->args : "");
    apr_table_setn(variables, "REQUEST_URI", r->unparsed_uri);
    for (const char *const *name = responders; *name; ++name) {
        apr_table_unset(variables, *name);
    }
    const char *authorization = apr_table_get(r->headers_in, "Authorization");
    if (authorization) {
        apr_table_setn(variables, "HTTP_AUTHORIZATION", authorization);
    }
    const char *file = apr_table_get(variables, "SCRIPT_FILENAME");
    if (authorizer->script) {
        apr_table_setn(variables, "SCRIPT_FILENAME", authorizer->script);
    }
    else if (file && strncmp(file, "proxy:", 6) == 0) {
        apr_table_unset(variables, "SCRIPT_FILENAME");
    }
}

/* What the authorizer is told is not for whoever answers the request. */
static int add_params(request_rec *r, const gw_authorizer *authorizer, gateway_request *params)
{
    apr_table_t *own = r->subprocess_env;
    r->subprocess_env = apr_table_copy(r->pool, own);
    set_variables(r, authorizer);
    int status = gw_params_send(r, params);
    r->subprocess_env = own;
    return status;
}

/* ----------------------------------------------------------------------------------- the answer */

typedef struct decision {
    apr_table_t *variables;
    unsigned is_granted : 1;
    unsigned is_too_large : 1;
} decision;

static void note_variables(request_rec *r, const gateway_event *head, decision *d)
{
    const apr_size_t prefix = sizeof variable_prefix - 1;
    d->variables = apr_table_make(r->pool, 4);
    for (size_t i = 0; i < head->field_count; ++i) {
        const gateway_bytes *name = &head->fields[i].name;
        const gateway_bytes *value = &head->fields[i].value;
        if (name->length > prefix && ap_cstr_casecmpn(name->bytes, variable_prefix, prefix) == 0) {
            const char *begin = (const char *)name->bytes + prefix;
            apr_table_setn(d->variables, apr_pstrmemdup(r->pool, begin, name->length - prefix),
                           apr_pstrmemdup(r->pool, value->length ? value->bytes : "",
                                          value->length));
        }
    }
}

static void take_head(gw_exchange *x, const gateway_event *head, decision *d)
{
    d->is_granted = head->http_status == HTTP_OK && !(head->flags & GATEWAY_EVENT_LOCAL_REDIRECT);
    if (d->is_granted) {
        note_variables(x->r, head, d);
        return;
    }
    gw_head_take(x, head);
    x->request->file_name = NULL;
    apr_table_unset(x->r->headers_out, "Content-Length");
    /* As if another server had said so: this one would ask again for that path. */
    if (head->flags & GATEWAY_EVENT_LOCAL_REDIRECT) {
        x->r->status = HTTP_MOVED_TEMPORARILY;
    }
    gw_buffer_begin(x, ANSWER_LIMIT);
}

static void take_body(gw_exchange *x, const gateway_event *event, decision *d)
{
    if (d->is_granted || d->is_too_large) {
        return;
    }
    APR_BRIGADE_INSERT_TAIL(x->out, apr_bucket_transient_create(event->data.bytes,
                                                                event->data.length,
                                                                x->out->bucket_alloc));
    if (!gw_buffer_take(x)) {
        apr_brigade_cleanup(x->out);
        d->is_too_large = 1;
        gateway_exchange_cancel(x->handle);
    }
}

static void run(gw_exchange *x, decision *d)
{
    gateway_event event = GATEWAY_EVENT_INIT;
    while (gateway_exchange_next(x->handle, &event) == GATEWAY_OK
           && event.type != GATEWAY_EVENT_END) {
        if (event.type == GATEWAY_EVENT_HEAD) {
            take_head(x, &event, d);
        }
        else if (event.type == GATEWAY_EVENT_BODY) {
            take_body(x, &event, d);
        }
        else if (event.type == GATEWAY_EVENT_STDERR) {
            gw_stderr_take(x, event.data.bytes, event.data.length);
        }
    }
    x->result = (gateway_result)GATEWAY_RESULT_INIT;
    gateway_exchange_result(x->handle, &x->result);
    gw_stderr_end(x);
}

/* Who asks for something else with it, or is let in by others, does not want the page. */
static int is_page_wanted(const request_rec *r)
{
    return !r->main && ap_satisfies((request_rec *)r) != SATISFY_ANY;
}

static int refuse(gw_exchange *x)
{
    request_rec *r = x->r;
    if (!is_page_wanted(r)) {
        int status = r->status >= 400 ? r->status : HTTP_FORBIDDEN;
        x->request->buffer = NULL;
        gw_head_forget(x);
        return status;
    }
    gw_body *unread = apr_pcalloc(r->pool, sizeof *unread);
    unread->kept = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    unread->client.is_at_end = !ap_request_has_body(r);
    gw_client_begin(&unread->client, r);
    x->request->body = unread;
    ap_run_insert_error_filter(r);
    gw_buffer_send(r);
    gw_client_finish(&unread->client, r);
    return DONE;
}

/* Who cannot be asked has not agreed. */
static int fail(gw_exchange *x, const gw_authorizer *authorizer, const decision *d)
{
    ap_log_rerror(APLOG_MARK, APLOG_ERR, x->result.error_number, x->r,
                  "GW1022: the authorizer %s does not decide: %s", authorizer->address,
                  d->is_too_large ? "its answer is larger than 16 MiB"
                                  : gw_outcome_text(x->r->pool, &x->result));
    x->request->buffer = NULL;
    gw_head_forget(x);
    return !x->has_head && x->result.http_status >= 400 ? (int)x->result.http_status
                                                        : HTTP_BAD_GATEWAY;
}

static int decide(gw_exchange *x, const gw_authorizer *authorizer)
{
    decision d = { .variables = NULL };
    run(x, &d);
    if (x->result.outcome != GATEWAY_OUTCOME_COMPLETE) {
        return fail(x, authorizer, &d);
    }
    if (!d.is_granted) {
        return refuse(x);
    }
    x->request->variables = d.variables;
    apr_table_overlap(x->r->subprocess_env, d.variables, APR_OVERLAP_TABLES_SET);
    return OK;
}

static gateway_backend *backend_at(request_rec *r, const char *address)
{
    if (!gw_is_application(address)) {
        return gw_backend_at(address, NULL);
    }
    const char *application = gw_application_of(r, address);
    return application ? gw_backend_at(NULL, application) : NULL;
}

static int ask(request_rec *r, const gw_authorizer *authorizer, gateway_request **params)
{
    gateway_backend *backend = backend_at(r, authorizer->address);
    if (!backend) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "GW1023: the authorizer's address %s is not known", authorizer->address);
        return HTTP_SERVICE_UNAVAILABLE;
    }
    if (gateway_request_open(backend, params) != GATEWAY_OK
        || gateway_request_role(*params, GATEWAY_ROLE_AUTHORIZER) != GATEWAY_OK) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    int status = add_params(r, authorizer, *params);
    if (status != OK) {
        return status;
    }
    gateway_exchange_options options = GATEWAY_EXCHANGE_OPTIONS_INIT;
    options.total_timeout_ms = authorizer->timeout_ms;
    gw_exchange x = { .r = r,
                      .request = gw_request_of(r),
                      .directory = gw_directory_of(r),
                      .out = apr_brigade_create(r->pool, r->connection->bucket_alloc) };
    if (gateway_exchange_open(backend, *params, &options, &x.handle) != GATEWAY_OK) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    status = decide(&x, authorizer);
    apr_brigade_cleanup(x.out);
    gateway_exchange_close(x.handle);
    return status;
}

/* ------------------------------------------------------------------------------------ the hooks */

static const gw_authorizer *authorizer_of(const request_rec *r)
{
    const gw_authorizer *authorizer = gw_directory_of(r)->authorizer;
    return authorizer && authorizer->address ? authorizer : NULL;
}

int gw_authorize(request_rec *r)
{
    const gw_authorizer *authorizer = authorizer_of(r);
    gateway_request *params = NULL;
    if (!authorizer) {
        return DECLINED;
    }
    int status = ask(r, authorizer, &params);
    gateway_request_close(params);
    return status;
}

/* Within one directory httpd asks once, also when it goes on with another path there: what was said
 * holds for that too. */
int gw_authorize_fixup(request_rec *r)
{
    if (!r->prev || !authorizer_of(r)) {
        return DECLINED;
    }
    for (request_rec *each = r; each; each = each->prev) {
        const gw_request *request = ap_get_module_config(each->request_config, gw_record);
        if (request && request->variables) {
            apr_table_overlap(r->subprocess_env, request->variables, APR_OVERLAP_TABLES_SET);
            break;
        }
    }
    return DECLINED;
}
