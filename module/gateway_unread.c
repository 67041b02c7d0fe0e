/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of a body that nobody reads to its end. The client's next request comes on the same
 * connection: so either the rest is read away, or the head says "Connection: close", and in no case
 * is the rest taken for a request.
 */
#include "mod_gateway.h"

#include <http_connection.h>
#include <poll.h>

/* What is left of a body is read after the answer if it is no more than this. */
#define SMALL_REST 65536
/* Of what has come already, this much is read before the answer. */
#define AT_HAND_LIMIT (1 << 20)
/* How long a page of httpd's own waits for a small rest: it would leave after that. */
#define GRACE_TIME apr_time_from_msec(200)
/* What is read of a stream of HTTP/2 before its answer ends, and for how long. */
#define STREAM_LIMIT (1 << 20)
#define STREAM_TIME apr_time_from_sec(2)

/* In the place of httpd's filter, when a body is given up: whoever answers now, as the page of an
 * error does, finds no body, and does not wait for one. */
apr_status_t gw_client_no_body(ap_filter_t *filter, apr_bucket_brigade *into, ap_input_mode_t mode,
                               apr_read_type_e block, apr_off_t length)
{
    APR_BRIGADE_INSERT_TAIL(into, apr_bucket_eos_create(filter->c->bucket_alloc));
    return APR_SUCCESS;
}

void gw_client_give_up(gw_client *client, request_rec *r)
{
    r->connection->keepalive = AP_CONN_CLOSE;
    client->is_at_end = 1;
    ap_filter_t *next;
    for (ap_filter_t *each = r->proto_input_filters; each; each = next) {
        next = each->next;
        if (ap_cstr_casecmp(each->frec->name, "HTTP_IN") == 0) {
            ap_add_input_filter(GW_NO_BODY_FILTER, NULL, r, r->connection);
            ap_remove_input_filter(each);
            break;
        }
    }
}

/* Reads and forgets, until there is nothing at hand (APR_EAGAIN), the end, or so many bytes. */
static apr_status_t read_away(gw_client *client, request_rec *r, apr_off_t limit)
{
    apr_bucket_brigade *piece = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    apr_status_t status = APR_SUCCESS;
    apr_off_t length;
    while (status == APR_SUCCESS && !client->is_at_end && limit > 0) {
        status = gw_client_read(client, r, piece);
        if (status == APR_SUCCESS) {
            /* What has no length yet is read by this. */
            status = apr_brigade_length(piece, 1, &length);
            limit -= length;
        }
        apr_brigade_cleanup(piece);
    }
    apr_brigade_destroy(piece);
    return status;
}

static void await(request_rec *r, int time)
{
    struct pollfd client = { .fd = gw_client_descriptor(r), .events = POLLIN };
    int look = gw_client_look_time(client.fd);
    poll(&client, 1, time < look ? time : look);
}

/* The same, waiting for the client until a time. */
static apr_status_t read_away_until(gw_client *client, request_rec *r, apr_off_t limit,
                                    apr_time_t until)
{
    for (;;) {
        apr_status_t status = read_away(client, r, limit);
        apr_interval_time_t left = until - apr_time_now();
        if (client->is_at_end || !APR_STATUS_IS_EAGAIN(status) || left <= 0) {
            return status;
        }
        await(r, (int)apr_time_as_msec(left) + 1);
    }
}

/* A client that still waits for "100 Continue" sends its body or does not: nobody can tell. */
static int is_beyond_reading(const gw_client *client, const request_rec *r)
{
    return gw_client_waits(r) || client->left > AT_HAND_LIMIT;
}

static int is_small(const gw_client *client)
{
    return client->left != GW_LEFT_UNKNOWN && client->left <= SMALL_REST;
}

/* The filter has answered by itself that what it read is no body. */
static int result_of(apr_status_t status)
{
    return status == AP_FILTER_ERROR ? AP_FILTER_ERROR : OK;
}

int gw_client_settle(gw_client *client, request_rec *r)
{
    apr_status_t status = APR_SUCCESS;
    if (client->is_at_end || r->main || (r->connection->master && !gw_client_waits(r))) {
        return OK;
    }
    if (!is_beyond_reading(client, r)) {
        status = read_away(client, r, AT_HAND_LIMIT);
    }
    int is_readable = status == APR_SUCCESS || APR_STATUS_IS_EAGAIN(status);
    if (!client->is_at_end && (!is_readable || gw_client_waits(r) || !is_small(client))) {
        gw_client_give_up(client, r);
    }
    return result_of(status);
}

int gw_client_dismiss(gw_client *client, request_rec *r)
{
    apr_status_t status = APR_EAGAIN;
    if (client->is_at_end || r->main) {
        return OK;
    }
    if (r->connection->master && !gw_client_waits(r)) {
        status = read_away_until(client, r, STREAM_LIMIT, apr_time_now() + STREAM_TIME);
    }
    else if (!is_beyond_reading(client, r)) {
        status = read_away(client, r, AT_HAND_LIMIT);
        if (APR_STATUS_IS_EAGAIN(status) && is_small(client)) {
            status = read_away_until(client, r, SMALL_REST, apr_time_now() + GRACE_TIME);
        }
    }
    if (!client->is_at_end) {
        gw_client_give_up(client, r);
    }
    return result_of(status);
}

apr_status_t gw_client_end_answer(gw_client *client, request_rec *r, apr_bucket_brigade *out)
{
    if (r->connection->master && !client->is_at_end && !gw_client_waits(r)) {
        APR_BRIGADE_INSERT_TAIL(out, apr_bucket_flush_create(out->bucket_alloc));
        apr_status_t status = ap_pass_brigade(r->output_filters, out);
        apr_brigade_cleanup(out);
        if (status != APR_SUCCESS) {
            return status;
        }
        read_away_until(client, r, STREAM_LIMIT, apr_time_now() + STREAM_TIME);
    }
    APR_BRIGADE_INSERT_TAIL(out, apr_bucket_eos_create(out->bucket_alloc));
    apr_status_t status = ap_pass_brigade(r->output_filters, out);
    apr_brigade_cleanup(out);
    return status;
}

/* The answer may still be in httpd's buffers. */
static void flush(request_rec *r)
{
    apr_bucket_brigade *out = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    ap_fflush(r->connection->output_filters, out);
    apr_brigade_destroy(out);
}

/* As httpd itself does with what no handler reads, as long as the client goes on sending. */
static void read_rest(gw_client *client, request_rec *r)
{
    int is_flushed = 0;
    while (!client->is_at_end && !r->connection->aborted) {
        apr_status_t status = read_away(client, r, AT_HAND_LIMIT);
        if (status == APR_SUCCESS) {
            continue;
        }
        int patience = gw_client_patience(client, r);
        if (!APR_STATUS_IS_EAGAIN(status) || patience == 0) {
            return;
        }
        if (!is_flushed) {
            flush(r);
            is_flushed = 1;
        }
        await(r, patience);
    }
}

void gw_client_finish(gw_client *client, request_rec *r)
{
    if (client->is_at_end || r->main) {
        return;
    }
    if (!r->connection->master && r->connection->keepalive != AP_CONN_CLOSE) {
        read_rest(client, r);
    }
    if (!client->is_at_end) {
        gw_client_give_up(client, r);
    }
}
