/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content-Length against the body that comes. While nothing of the response has gone out, its head
 * can still be made right; after that a body that is too long is cut, and one that is too short is
 * broken off, so that no client takes it for whole.
 */
#include "gateway_length.h"

/* What httpd would hold for the client anyway before it writes. */
#define HELD_SIZE 4096

/* A body that the client is not to have says nothing about its length. */
static int is_compared(const gw_exchange *x)
{
    return x->declared_length >= 0 && !x->ignores_body
        && (!x->r->header_only || x->body_length > 0) && x->r->status != HTTP_NO_CONTENT
        && x->r->status != HTTP_NOT_MODIFIED;
}

static int is_wrong(const gw_exchange *x)
{
    return is_compared(x) && x->body_length != x->declared_length;
}

static void warn(const gw_exchange *x, apr_off_t declared, apr_off_t came, const char *consequence)
{
    ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, x->r,
                  "GW1060: Content-Length was %" APR_OFF_T_FMT ", %" APR_OFF_T_FMT
                  " came: %s; script %s",
                  declared, came, consequence, x->r->filename);
}

void gw_length_begin(gw_exchange *x, const gateway_event *head)
{
    const char *length = apr_table_get(x->r->headers_out, "Content-Length");
    x->declared_length = length ? (apr_off_t)apr_atoi64(length) : -1;
    if (length && *length == '0') {
        ap_set_content_length(x->r, x->declared_length);
    }
    if (head->flags & GATEWAY_EVENT_LENGTH_CORRECTED) {
        gateway_result now = GATEWAY_RESULT_INIT;
        gateway_exchange_result(x->handle, &now);
        warn(x, (apr_off_t)now.declared_length, x->declared_length, "the length was set right");
    }
    if (head->flags & GATEWAY_EVENT_LENGTH_DROPPED) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, x->r,
                      "GW1061: a Content-Length that is not a number was left out; script %s",
                      x->r->filename);
    }
}

apr_size_t gw_length_take(gw_exchange *x, apr_size_t count)
{
    apr_off_t left = x->declared_length - x->body_length;
    x->body_length += (apr_off_t)count;
    if (!x->has_passed || !is_compared(x) || (apr_off_t)count <= left) {
        return count;
    }
    return left > 0 ? (apr_size_t)left : 0;
}

void gw_length_hold(gw_exchange *x)
{
    if (is_wrong(x) && !x->has_passed && !x->request->buffer) {
        gw_buffer_begin(x, HELD_SIZE);
    }
}

void gw_length_cut(gw_exchange *x)
{
    apr_bucket *beyond;
    if (!is_wrong(x) || x->body_length < x->declared_length
        || apr_brigade_partition(x->out, x->declared_length, &beyond) != APR_SUCCESS) {
        return;
    }
    while (beyond != APR_BRIGADE_SENTINEL(x->out)) {
        apr_bucket *next = APR_BUCKET_NEXT(beyond);
        if (!APR_BUCKET_IS_METADATA(beyond)) {
            apr_bucket_delete(beyond);
        }
        beyond = next;
    }
}

void gw_length_judge(gw_exchange *x)
{
    request_rec *r = x->r;
    if (x->result.outcome != GATEWAY_OUTCOME_COMPLETE || !is_wrong(x)) {
        return;
    }
    if (!x->has_passed) {
        if (apr_table_get(r->headers_out, "Content-Length")) {
            ap_set_content_length(r, x->body_length);
        }
        warn(x, x->declared_length, x->body_length, "the length was set right");
    }
    else if (r->header_only || x->body_length > x->declared_length) {
        warn(x, x->declared_length, x->body_length,
             r->header_only ? "HEAD was answered with that" : "the rest is cut off");
    }
    else {
        warn(x, x->declared_length, x->body_length, "the response is broken off");
        x->is_short = 1;
        x->result.outcome = GATEWAY_OUTCOME_TRUNCATED;
        x->result.stage = GATEWAY_STAGE_BODY;
        apr_snprintf(x->result.message, sizeof x->result.message,
                     "truncated (body): Content-Length was %" APR_OFF_T_FMT ", %" APR_OFF_T_FMT
                     " came",
                     x->declared_length, x->body_length);
    }
}
