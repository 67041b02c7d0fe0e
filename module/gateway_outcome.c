/* SPDX-License-Identifier: Apache-2.0 */
/* How an exchange ended: the end of the answer or the status to fail with, the log, the notes. */
#include "mod_gateway.h"

#include <apr_portable.h>
#include <http_connection.h>
#include <util_filter.h>

/* Before the first attempt has ended none of them is there. To look for it would take longer than
 * all the rest: to a table names that begin alike are one chain. */
static void note(request_rec *r, const char *name, const char *value)
{
    (gw_request_of(r)->is_noted ? apr_table_setn : apr_table_addn)(r->notes, name, value);
}

static void note_number(request_rec *r, const char *name, apr_int64_t number)
{
    note(r, name, apr_off_t_toa(r->pool, number));
}

static void note_attempt(request_rec *r, const gw_attempt *attempt, gateway_outcome outcome)
{
    note(r, "gateway-outcome", gateway_outcome_name(outcome));
    note(r, "gateway-backend", attempt->backend);
    note_number(r, "gateway-queue-ms", apr_time_as_msec(gw_request_of(r)->queue_time));
    note_number(r, "gateway-connect-ms", apr_time_as_msec(attempt->connect_time));
}

void gw_outcome_note(const gw_exchange *x, const gw_attempt *attempt)
{
    request_rec *r = x->r;
    const gateway_result *result = &x->result;
    /* Drained to its end, such an exchange is complete only for the application. */
    int is_given_up = x->is_output_broken || x->body_failure;
    note_attempt(r, attempt, is_given_up ? GATEWAY_OUTCOME_CANCELLED : result->outcome);
    note_number(r, "gateway-first-byte-ms", (apr_int64_t)(result->first_byte_us / 1000));
    note_number(r, "gateway-total-ms", (apr_int64_t)(result->total_us / 1000));
    note_number(r, "gateway-app-status", result->application_status);
    note(r, "gateway-reused", attempt->is_reused ? "1" : "0");
    note(r, "gateway-retried", attempt->is_retry ? "1" : "0");
    gw_request_of(r)->is_noted = 1;
}

void gw_outcome_note_unconnected(request_rec *r, const gw_attempt *attempt)
{
    note_attempt(r, attempt, GATEWAY_OUTCOME_CONNECT_FAILED);
    gw_request_of(r)->is_noted = 1;
}

/* A time since the exchange began, which may not have come. */
static const char *time_text(apr_pool_t *pool, uint64_t microseconds)
{
    return microseconds ? apr_psprintf(pool, "%.1f ms", (double)microseconds / 1000) : "never";
}

/* A limit by the name of its directive. */
static const char *name_limit(apr_pool_t *pool, const char *message)
{
    static const char *const names[][2] = {
        { "max_head_size", "GatewayLimitResponseHead allows" },
        { "max_head_fields", "GatewayLimitResponseFields allows" },
    };
    for (apr_size_t i = 0; i < sizeof names / sizeof *names; ++i) {
        const char *found = strstr(message, names[i][0]);
        if (found) {
            return apr_pstrcat(pool, apr_pstrmemdup(pool, message, (apr_size_t)(found - message)),
                               names[i][1], found + strlen(names[i][0]), NULL);
        }
    }
    return message;
}

const char *gw_outcome_text(apr_pool_t *pool, const gateway_result *result)
{
    return apr_psprintf(pool,
                        "%s; %" APR_UINT64_T_FMT " bytes sent, %" APR_UINT64_T_FMT
                        " received; request sent: %s, first byte: %s, end: %s",
                        result->message[0] ? name_limit(pool, result->message)
                                           : gateway_outcome_name(result->outcome),
                        result->bytes_sent, result->bytes_received,
                        time_text(pool, result->sent_us), time_text(pool, result->first_byte_us),
                        time_text(pool, result->total_us));
}

static void log_failure(const gw_exchange *x, const char *backend)
{
    ap_log_rerror(APLOG_MARK, APLOG_ERR, x->result.error_number, x->r,
                  APLOGNO(01075) "Error dispatching request to %s: %s; queue: %.1f ms, connect: "
                  "%.1f ms, script %s",
                  backend, gw_outcome_text(x->r->pool, &x->result),
                  (double)x->request->queue_time / 1000, (double)x->request->connect_time / 1000,
                  x->r->filename);
}

/* HTTP/1.0 without a length has nothing but a reset to show that an answer is not whole. */
static void reset_client(request_rec *r)
{
    conn_rec *c = r->connection;
    if (c->master || r->proto_num >= HTTP_VERSION(1, 1)
        || apr_table_get(r->headers_out, "Content-Length")) {
        return;
    }
    apr_os_sock_t descriptor;
    struct linger at_once = { 1, 0 };
    if (apr_os_sock_get(&descriptor, ap_get_conn_socket(c)) == APR_SUCCESS) {
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        c->aborted = 1;
    }
}

/* Part of the answer went out: the client, caches and HTTP/2 have to see that it is not whole. */
static int break_off(gw_exchange *x)
{
    request_rec *r = x->r;
    r->connection->keepalive = AP_CONN_CLOSE;
    ap_proxy_backend_broke(r, x->out);
    ap_pass_brigade(r->output_filters, x->out);
    apr_brigade_cleanup(x->out);
    reset_client(r);
    return AP_FILTER_ERROR;
}

/* A filter that refuses an answer sends one of its own: the connection is as that one says. */
static int refused_by_filter(gw_exchange *x, const char *backend)
{
    /* A range that is not there is the client's mistake, and 416 has been sent. */
    if (!x->may_be_sliced || !apr_table_get(x->r->headers_in, "Range")) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, x->r,
                      APLOGNO(01075) "Error dispatching request to %s: (passing brigade to output "
                      "filters)",
                      backend);
    }
    return AP_FILTER_ERROR;
}

static int finish_answer(gw_exchange *x, const char *backend)
{
    gw_client *client = &x->request->body->client;
    if (x->request->redirect || x->request->override_status || x->ignores_body
        || gw_buffer_take(x)) {
        return OK;
    }
    if (!x->has_passed && gw_client_settle(client, x->r) != OK) {
        apr_brigade_cleanup(x->out);
        return AP_FILTER_ERROR;
    }
    apr_status_t status = gw_client_end_answer(client, x->r, x->out);
    return status == APR_SUCCESS || x->r->connection->aborted ? OK : refused_by_filter(x, backend);
}

static void say_retry_after(request_rec *r)
{
    gw_request_of(r)->says_retry_after = 1;
    apr_table_setn(r->err_headers_out, "Retry-After", "1");
}

void gw_outcome_overloaded(request_rec *r, proxy_worker *worker)
{
    gw_request *request = gw_request_of(r);
    if (!request->overloaded) {
        request->overloaded = apr_array_make(r->pool, 2, sizeof(proxy_worker *));
    }
    APR_ARRAY_PUSH(request->overloaded, proxy_worker *) = worker;
    say_retry_after(r);
}

/* Nothing was run: another of a balancer's members may, unless the body is gone. */
static int fail_unrun(gw_exchange *x)
{
    request_rec *r = x->r;
    gw_request *request = x->request;
    if (x->result.outcome == GATEWAY_OUTCOME_OVERLOADED) {
        gw_outcome_overloaded(r, x->worker);
    }
    if (request->body->is_streamed) {
        say_retry_after(r);
        ap_die(HTTP_SERVICE_UNAVAILABLE, r);
        return OK;
    }
    return HTTP_SERVICE_UNAVAILABLE;
}

int gw_outcome_answer(gw_exchange *x, const char *backend)
{
    request_rec *r = x->r;
    if (x->is_output_broken && x->is_client_gone) {
        ap_log_rerror(APLOG_MARK, APLOG_TRACE1, 0, r, "The client aborted the connection.");
        r->connection->keepalive = AP_CONN_CLOSE;
        return OK;
    }
    if (x->is_output_broken) {
        return refused_by_filter(x, backend);
    }
    if (x->body_failure) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, x->body_failure, r,
                      APLOGNO(01075) "Error dispatching request to %s: (reading input brigade)",
                      backend);
        if (x->has_passed) {
            return break_off(x);
        }
        gw_head_forget(x);
        return ap_map_http_request_error(x->body_failure, HTTP_BAD_REQUEST);
    }
    if (x->result.outcome == GATEWAY_OUTCOME_COMPLETE) {
        return finish_answer(x, backend);
    }
    if (!x->is_short) {
        log_failure(x, backend);
    }
    gw_recorder_write(x, backend);
    if (x->result.outcome == GATEWAY_OUTCOME_TIMED_OUT) {
        apr_table_setn(r->notes, "proxy_timedout", "1");
    }
    if (x->has_passed) {
        return x->ignores_body ? OK : break_off(x);
    }
    if (x->request->override_status) {
        return OK;
    }
    int is_late = x->has_head && x->result.outcome == GATEWAY_OUTCOME_TIMED_OUT;
    int status = is_late       ? HTTP_GATEWAY_TIME_OUT
                 : x->has_head ? HTTP_BAD_GATEWAY
                               : (int)x->result.http_status;
    apr_brigade_cleanup(x->out);
    gw_head_forget(x);
    return status == HTTP_SERVICE_UNAVAILABLE ? fail_unrun(x)
           : status >= 400                    ? status
                                              : HTTP_BAD_GATEWAY;
}
