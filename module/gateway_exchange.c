/* SPDX-License-Identifier: Apache-2.0 */
/* The exchange's events on their way to the client. */
#include "mod_gateway.h"
#include "gateway_length.h"
#include "gateway_stderr.h"

#include <util_filter.h>

/* -------------------------------------------------------------------------------- to the client */

void gw_give_up(gw_exchange *x)
{
    x->is_output_broken = 1;
    x->is_client_gone = (unsigned)x->r->connection->aborted;
    x->ignores_body = 1;
}

static void pass(gw_exchange *x)
{
    gw_body *body = x->request->body;
    /* The page of an error takes no more of the client than it has. */
    if (!x->has_passed && body->is_complete && gw_client_settle(&body->client, x->r) != OK) {
        apr_brigade_cleanup(x->out);
        gw_give_up(x);
        return;
    }
    if (!x->has_passed) {
        gw_length_cut(x);
    }
    x->has_passed = 1;
    apr_status_t status = ap_pass_brigade(x->r->output_filters, x->out);
    apr_brigade_cleanup(x->out);
    if (status != APR_SUCCESS || x->r->connection->aborted) {
        gw_give_up(x);
    }
}

void gw_flush(gw_exchange *x)
{
    x->is_unflushed = 0;
    gw_buffer_release(x);
    APR_BRIGADE_INSERT_TAIL(x->out, apr_bucket_flush_create(x->out->bucket_alloc));
    pass(x);
}

/* Passes on what was gathered from one receive. */
static void deliver(gw_exchange *x)
{
    int is_flushed = x->flushes || x->worker->s->flush_packets == flush_on;
    if (APR_BRIGADE_EMPTY(x->out)) {
        return;
    }
    int is_buffered = x->request->buffer != NULL;
    if (!is_flushed) {
        gw_length_hold(x);
    }
    if (gw_buffer_take(x)) {
        /* What GatewayBuffer does not keep back is flushed as if httpd held it. */
        x->is_unflushed |= !is_buffered;
    }
    else if (is_flushed) {
        gw_flush(x);
    }
    else {
        pass(x);
        x->is_unflushed = 1;
    }
}

/* ----------------------------------------------------------------------------------- the client */

static void fail_body(gw_exchange *x, apr_status_t status)
{
    x->body_failure = status;
    x->is_hungry = 0;
    x->ignores_body = 1;
}

static void feed(gw_exchange *x)
{
    apr_status_t failure;
    switch (gw_body_feed(x->request->body, x->r, x->handle, &failure)) {
    case GW_FED:
        x->is_hungry = 0;
        break;
    case GW_FED_NOTHING:
        x->is_hungry = 1;
        /* The application can be had: this is what a client may have waited for. */
        gw_client_ask(x->r);
        if (gw_client_patience(&x->request->body->client, x->r) == 0) {
            fail_body(x, APR_TIMEUP);
        }
        break;
    case GW_FED_FAILED:
        fail_body(x, failure);
        break;
    }
}

/* ----------------------------------------------------------------------------------- the answer */

/* 304 or 412: the answer ends here, the exchange goes on to its end. */
static void answer_condition(gw_exchange *x, int status)
{
    x->r->status = status;
    x->ignores_body = 1;
    APR_BRIGADE_INSERT_TAIL(x->out, apr_bucket_eos_create(x->out->bucket_alloc));
    pass(x);
}

static void begin_answer(gw_exchange *x, const gateway_event *head)
{
    request_rec *r = x->r;
    gw_head_take(x, head);
    gw_timing_tell(x);
    if (head->flags & GATEWAY_EVENT_LOCAL_REDIRECT) {
        x->request->redirect = apr_table_get(r->headers_out, "Location");
        x->ignores_body = 1;
        return;
    }
    if (ap_proxy_should_override(x->proxy, r->status) && ap_is_initial_req(r)) {
        x->request->override_status = r->status;
        x->ignores_body = 1;
        /* ap_die takes any other status for a second failure. */
        r->status = HTTP_OK;
        apr_table_setn(r->notes, "proxy-error-override", "1");
        return;
    }
    if (x->request->file_name) {
        x->ignores_body = 1;
        return;
    }
    x->may_be_sliced = (unsigned)gw_head_settle_ranges(r);
    /* An application that says 200 itself has looked at the conditions. */
    if (r->status == HTTP_OK && !(head->flags & GATEWAY_EVENT_STATUS_GIVEN)
        && r->method_number == M_GET) {
        int condition = ap_meets_conditions(r);
        if (condition != OK) {
            answer_condition(x, condition);
            return;
        }
    }
    gw_buffer_begin(x, x->flushes ? 0 : x->directory->buffer_size);
}

static void take_body(gw_exchange *x, gateway_bytes data)
{
    /* Filters make the head of HEAD from the page, as they do for GET; mod_http2 would send it. */
    int is_dropped = x->ignores_body || (x->r->header_only && x->r->connection->master);
    apr_size_t length = gw_length_take(x, data.length);
    if (!is_dropped && length) {
        APR_BRIGADE_INSERT_TAIL(x->out, apr_bucket_transient_create(data.bytes, length,
                                                                    x->out->bucket_alloc));
    }
}

static void take(gw_exchange *x, const gateway_event *event)
{
    switch (event->type) {
    case GATEWAY_EVENT_HEAD:
        begin_answer(x, event);
        break;
    case GATEWAY_EVENT_BODY:
        take_body(x, event->data);
        break;
    case GATEWAY_EVENT_STDERR:
        gw_stderr_take(x, event->data.bytes, event->data.length);
        break;
    case GATEWAY_EVENT_WANTS_BODY:
        feed(x);
        break;
    case GATEWAY_EVENT_INTERIM:
        gw_head_pass_interim(x->r, event);
        break;
    case GATEWAY_EVENT_END:
        break;
    }
    if (!(event->flags & GATEWAY_EVENT_MORE) && event->type != GATEWAY_EVENT_END) {
        deliver(x);
    }
}

/* The answer goes to nobody, or the request cannot be sent to its end. */
static int is_abandoned(const gw_exchange *x)
{
    return x->is_output_broken || x->body_failure != APR_SUCCESS;
}

void gw_exchange_run(gw_exchange *x)
{
    for (;;) {
        gateway_event event = GATEWAY_EVENT_INIT;
        gateway_status status = gateway_exchange_next(x->handle, &event);
        if (status == GATEWAY_AGAIN) {
            gw_wait(x);
            if (x->is_hungry && !is_abandoned(x)) {
                feed(x);
            }
        }
        else if (status == GATEWAY_OK) {
            take(x, &event);
        }
        else {
            break;
        }
        if (status == GATEWAY_OK && event.type == GATEWAY_EVENT_END) {
            break;
        }
        if (is_abandoned(x)) {
            /* The library drains the connection while this thread goes on. */
            gateway_exchange_cancel(x->handle);
            break;
        }
    }
    x->result = (gateway_result)GATEWAY_RESULT_INIT;
    gateway_exchange_result(x->handle, &x->result);
    gw_length_judge(x);
    gw_stderr_end(x);
}
