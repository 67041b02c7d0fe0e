/* SPDX-License-Identifier: Apache-2.0 */
/* One request from top to bottom: its body, a connection, the exchange on it, the status. */
#include "mod_gateway.h"

#define MOST_MS 86400000

gw_request *gw_request_of(request_rec *r)
{
    gw_request *request = ap_get_module_config(r->request_config, gw_record);
    if (!request) {
        request = apr_pcalloc(r->pool, sizeof *request);
        ap_set_module_config(r->request_config, gw_record, request);
    }
    return request;
}

uint32_t gw_milliseconds(apr_interval_time_t time)
{
    apr_interval_time_t rounded = (time + 999) / 1000;
    return rounded < 1 ? 1 : rounded > MOST_MS ? MOST_MS : (uint32_t)rounded;
}

/* --------------------------------------------------------------------------------- the exchange */

/* What every connection that is tried is sent: known to be right before the first is taken. */
static int make_params(request_rec *r, const proxy_worker *worker, gateway_request **params)
{
    gateway_backend *backend =
        gw_backend_of(worker, gw_request_of(r)->application, gw_directory_of(r));
    if (!backend || gateway_request_open(backend, params) != GATEWAY_OK) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    int status = gw_params_add(r, *params);
    if (status == OK && gw_body_is_there(gw_request_of(r)->body)) {
        gateway_request_body_written(*params, GATEWAY_LENGTH_UNKNOWN);
    }
    return status;
}

static void supply(proxy_conn_rec *conn, gateway_exchange_options *options)
{
    gw_connection *known = conn->data;
    options->flags |= known->is_nonblocking ? GATEWAY_EXCHANGE_DESCRIPTOR_NONBLOCKING : 0;
    options->flags |= conn->uds_path ? 0 : GATEWAY_EXCHANGE_DESCRIPTOR_TCP;
    options->flags |= ap_proxy_connection_reusable(conn) ? GATEWAY_EXCHANGE_KEEP_CONNECTION : 0;
    options->supplied = 1;
    options->descriptor = known->descriptor;
    options->descriptor_timeout_ms = known->timeout_ms;
    options->request_id = 1 + known->requests % 2;
    options->previous_request_id = known->requests ? 3 - options->request_id : 0;
    if (known->place->has_place) {
        options->shared = gw_shared;
        options->shared_application = known->place->application;
        options->shared_place = known->place->number;
    }
    ++known->requests;
}

/* The exchange was given up: the library drains its connection, which has the place until then. */
static void hand_over_place(gw_place *place)
{
    place->has_place = 0;
    gw_kept_watch();
}

/* On a connection of mod_proxy's, or, without one, on one of the library's to a supervised process
 * that it claims. */
static gateway_status open_exchange(gw_exchange *x, proxy_conn_rec *conn,
                                    gateway_request *params, apr_interval_time_t timeout)
{
    gateway_exchange_options options = GATEWAY_EXCHANGE_OPTIONS_INIT;
    options.flags = GATEWAY_EXCHANGE_NONBLOCKING | GATEWAY_EXCHANGE_ANY_LENGTH;
    options.flags |= x->directory->passes_interim == 1 ? GATEWAY_EXCHANGE_INTERIM : 0;
    if (conn) {
        supply(conn, &options);
    }
    options.send_timeout_ms = options.head_timeout_ms = options.read_timeout_ms =
        timeout ? gw_milliseconds(timeout) : 0;
    gw_recorder_begin(x, &options);
    gateway_backend *backend =
        gw_backend_of(x->worker, x->request->application, x->directory);
    return gateway_exchange_open(backend, params, &options, &x->handle);
}

/* Runs the request on a connection; what is answered is left to gw_outcome_answer. */
static int run(gw_exchange *x, proxy_conn_rec *conn, gateway_request *params,
               apr_interval_time_t timeout)
{
    gw_body *body = x->request->body;
    if (open_exchange(x, conn, params, timeout) != GATEWAY_OK) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    if (gw_body_is_there(body)) {
        apr_status_t failure;
        gw_body_rewind(body, x->r);
        /* With the first piece at hand it leaves together with the params. */
        if (gw_body_feed(body, x->r, x->handle, &failure) == GW_FED_FAILED) {
            x->body_failure = failure;
            gateway_exchange_cancel(x->handle);
        }
    }
    gw_exchange_run(x);
    x->worker->s->transferred += (apr_off_t)x->result.bytes_sent;
    x->worker->s->read += (apr_off_t)x->result.bytes_received;
    if (conn && (!(x->result.flags & GATEWAY_RESULT_REUSABLE) || x->body_failure)) {
        conn->close = 1;
    }
    if (x->result.flags & GATEWAY_RESULT_PLACE_TAKEN) {
        hand_over_place(((gw_connection *)conn->data)->place);
    }
    return OK;
}

/* What is still to be passed on points into the exchange, so this comes after that. */
static void end(gw_exchange *x)
{
    apr_brigade_cleanup(x->out);
    gateway_exchange_close(x->handle);
    x->handle = NULL;
}

static int is_idempotent(const request_rec *r)
{
    switch (r->method_number) {
    case M_GET:
    case M_PUT:
    case M_DELETE:
    case M_OPTIONS:
    case M_TRACE:
    case M_PROPFIND:
        return 1;
    default:
        return 0;
    }
}

/* A kept connection that the application had closed meanwhile: the request did not run, or may run
 * twice. */
static int is_worth_another_connection(const gw_exchange *x, int reused)
{
    return reused && x->result.outcome == GATEWAY_OUTCOME_TRUNCATED && !x->result.bytes_received
        && !x->request->body->is_streamed && (x->result.bytes_sent == 0 || is_idempotent(x->r));
}

static gw_exchange exchange_of(request_rec *r, proxy_worker *worker)
{
    return (gw_exchange){ .r = r,
                          .request = gw_request_of(r),
                          .directory = gw_directory_of(r),
                          .worker = worker,
                          .declared_length = -1,
                          .proxy = ap_get_module_config(r->per_dir_config, &proxy_module),
                          .out = apr_brigade_create(r->pool, r->connection->bucket_alloc) };
}

/* The library claims a process, connects to it and gives it back. */
static int try_application(request_rec *r, proxy_worker *worker, gateway_request *params)
{
    const char *backend =
        apr_pstrcat(r->pool, GW_APPLICATION_SCHEME "://", gw_request_of(r)->application, NULL);
    gw_attempt attempt = { .backend = backend };
    gw_exchange x = exchange_of(r, worker);
    /* The application's own deadline holds unless the worker has one. */
    int status = run(&x, NULL, params, worker->s->timeout_set ? worker->s->timeout : 0);
    if (status == OK) {
        const gateway_result *result = &x.result;
        x.request->queue_time = (apr_interval_time_t)result->queued_us;
        if (result->connected_us > result->queued_us) {
            attempt.connect_time = (apr_interval_time_t)(result->connected_us - result->queued_us);
        }
        x.request->connect_time = attempt.connect_time;
        gw_outcome_note(&x, &attempt);
        gw_shared_count(gw_shared_application(backend), result, 0);
        status = gw_outcome_answer(&x, backend);
    }
    end(&x);
    return status;
}

static int try_connections(request_rec *r, proxy_worker *worker, proxy_server_conf *conf,
                           proxy_conn_rec *conn, gateway_request *params, const char *backend)
{
    /* A connection to an application occupies a process of it: kept only if that is asked for. */
    int keeps = worker->s->disablereuse_set && !worker->s->disablereuse;
    gw_attempt attempt = { .backend = backend };
    for (;; attempt.is_retry = 1) {
        conn->close = !keeps;
        gw_request *request = gw_request_of(r);
        apr_time_t begin = apr_time_now();
        request->queue_time = 0;
        int status = gw_connect(r, worker, conf, conn, backend, &attempt.is_reused);
        attempt.connect_time = apr_time_now() - begin - request->queue_time;
        request->connect_time = attempt.connect_time;
        if (status != OK) {
            gw_outcome_note_unconnected(r, &attempt);
            return status;
        }
        gw_exchange x = exchange_of(r, worker);
        uint32_t application = ((gw_connection *)conn->data)->place->application;
        gateway_shared_add(gw_shared, application, 1, 0);
        status = run(&x, conn, params, gw_timeout(r, worker, conf));
        if (status == OK) {
            gw_outcome_note(&x, &attempt);
            gw_shared_count(application, &x.result, attempt.is_retry);
        }
        gateway_shared_add(gw_shared, application, -1, 0);
        if (status != OK) {
            conn->close = 1;
            end(&x);
            return status;
        }
        if (!attempt.is_retry && is_worth_another_connection(&x, attempt.is_reused)) {
            /* The dead socket shows in gw_connect, which makes a new one. */
            end(&x);
            continue;
        }
        status = gw_outcome_answer(&x, backend);
        end(&x);
        return status;
    }
}

static int attempt(request_rec *r, proxy_worker *worker, proxy_server_conf *conf,
                   proxy_conn_rec *conn, const char *backend)
{
    gateway_request *params = NULL;
    int status = make_params(r, worker, &params);
    if (status == OK) {
        status = conn ? try_connections(r, worker, conf, conn, params, backend)
                      : try_application(r, worker, params);
    }
    gateway_request_close(params);
    return status;
}

/* ------------------------------------------------------------------------------------ the hooks */

/* What describes a body, which the redirected request does not have. */
static const char *const body_fields[] = {
    "Content-Digest",   "Content-Disposition", "Content-Encoding",  "Content-Language",
    "Content-Length",   "Content-Location",    "Content-MD5",       "Content-Range",
    "Content-Type",     "Digest",              "Expect",            "Repr-Digest",
    "Trailer",          "Transfer-Encoding",   NULL
};

int gw_redirect_locally(request_rec *r, const char *location)
{
    apr_table_t *fields = r->headers_in;
    r->status = HTTP_OK;
    r->method = r->header_only ? "HEAD" : "GET";
    r->method_number = M_GET;
    r->kept_body = NULL;
    apr_table_unset(r->headers_out, "Location");
    r->headers_in = apr_table_copy(r->pool, fields);
    for (const char *const *name = body_fields; *name; ++name) {
        apr_table_unset(r->headers_in, *name);
    }
    ap_internal_redirect_handler(location, r);
    /* The access log shows what the client has sent. */
    r->headers_in = fields;
    return OK;
}

static int proxied(request_rec *r, proxy_worker *worker, proxy_server_conf *conf, char *url,
                   const char *proxyname, apr_port_t proxyport)
{
    gw_request *request = gw_request_of(r);
    request->redirect = NULL;
    request->override_status = 0;
    request->application = gw_is_application(url) ? gw_application_of(r, url) : NULL;
    if (gw_is_application(url) && !request->application) {
        return gw_application_unknown(r, url);
    }
    request->buffer = NULL;
    request->file_name = NULL;
    /* It was said of the member that was tried before. */
    if (request->says_retry_after) {
        apr_table_unset(r->err_headers_out, "Retry-After");
        request->says_retry_after = 0;
    }
    if (!request->body) {
        request->body = apr_pcalloc(r->pool, sizeof *request->body);
        int status = gw_body_prepare(r, worker, request->body);
        if (status != OK) {
            return status;
        }
    }
    if (request->application) {
        return attempt(r, worker, conf, NULL, NULL);
    }
    proxy_conn_rec *conn = NULL;
    int status = ap_proxy_acquire_connection(GW_SCHEME, &conn, worker, r->server);
    if (status == OK) {
        char origin[32];
        apr_uri_t *uri = apr_palloc(r->pool, sizeof *uri);
        conn->is_ssl = 0;
        status = ap_proxy_determine_connection(r->pool, r, conf, worker, conn, uri, &url, proxyname,
                                               proxyport, origin, sizeof origin);
        if (status == OK) {
            const char *backend =
                conn->uds_path ? apr_pstrdup(r->pool, conn->uds_path)
                               : apr_psprintf(r->pool, "%s:%d", conn->hostname, (int)conn->port);
            status = attempt(r, worker, conf, conn, backend);
        }
    }
    if (conn) {
        conn->close |= status != OK || !gw_rest(conn);
        ap_proxy_release_connection(GW_SCHEME, conn, r->server);
    }
    return status;
}

/* Answers where httpd does that itself, or with what was kept back. */
static int answer_finally(request_rec *r, int status)
{
    gw_request *request = gw_request_of(r);
    if (status == OK && request->buffer) {
        return gw_buffer_send(r);
    }
    int is_own = status == OK && !request->override_status && !request->redirect
        && !request->file_name;
    /* After such a status httpd closes, and says so; and 503 may have another member tried. */
    if (is_own || ap_status_drops_connection(status) || status == AP_FILTER_ERROR) {
        return status;
    }
    if (gw_client_dismiss(&request->body->client, r) != OK) {
        return AP_FILTER_ERROR;
    }
    if (status == OK && request->override_status) {
        ap_die(request->override_status, r);
    }
    else if (status == OK && request->redirect) {
        return gw_redirect_locally(r, request->redirect);
    }
    else if (status == OK && request->file_name) {
        return gw_sendfile_answer(r);
    }
    return status;
}

int gw_handler(request_rec *r, proxy_worker *worker, proxy_server_conf *conf, char *url,
               const char *proxyname, apr_port_t proxyport)
{
    ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r,
                  APLOGNO(01076) "url: %s proxyname: %s proxyport: %d", url, proxyname, proxyport);
    if (ap_cstr_casecmpn(url, "fcgi:", 5) != 0 && !gw_is_application(url)) {
        ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r, APLOGNO(01077) "declining URL %s", url);
        return DECLINED;
    }
    ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r, APLOGNO(01078) "serving URL %s", url);
    int status = proxied(r, worker, conf, url, proxyname, proxyport);
    status = answer_finally(r, status);
    if (status == OK) {
        gw_client_finish(&gw_request_of(r)->body->client, r);
    }
    return status;
}

int gw_post_request(proxy_worker *worker, proxy_balancer *balancer, request_rec *r,
                    proxy_server_conf *conf)
{
    gw_request *request = ap_get_module_config(r->request_config, gw_record);
    if (!request || !request->overloaded) {
        return DECLINED;
    }
    /* mod_proxy put these members in error for their 503; they are only busy. */
    for (int i = 0; i < request->overloaded->nelts; ++i) {
        APR_ARRAY_IDX(request->overloaded, i, proxy_worker *)->s->status &= ~PROXY_WORKER_IN_ERROR;
    }
    return DECLINED;
}
