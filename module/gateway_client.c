/* SPDX-License-Identifier: Apache-2.0 */
/* The client, as far as it is read: its filters, "100 Continue", the time that it takes. */
#include "mod_gateway.h"

#include <apr_portable.h>
#include <http_connection.h>

/* mod_reqtimeout and its like judge a client only when they are asked for what it sent. */
#define CLIENT_LOOK_MS 1000
/* The same where its connection has nothing to wait on. */
#define BLIND_LOOK_MS 50

void gw_client_begin(gw_client *client, request_rec *r)
{
    const char *length = apr_table_get(r->headers_in, "Content-Length");
    int is_told = length && !apr_table_get(r->headers_in, "Transfer-Encoding")
        && r->input_filters == r->proto_input_filters;
    if (!is_told || !ap_parse_strict_length(&client->left, length)) {
        client->left = GW_LEFT_UNKNOWN;
    }
    client->progress = apr_time_now();
}

void gw_client_count(gw_client *client, apr_off_t length)
{
    if (client->left != GW_LEFT_UNKNOWN) {
        client->left -= length < client->left ? length : client->left;
    }
    client->progress = apr_time_now();
}

/* --------------------------------------------------------------------------------- 100 Continue */

int gw_client_waits(const request_rec *r)
{
    return r->expecting_100 && r->proto_num >= HTTP_VERSION(1, 1);
}

void gw_client_ask(request_rec *r)
{
    if (gw_client_waits(r) && !r->bytes_sent && !r->eos_sent) {
        int status = r->status;
        const char *status_line = r->status_line;
        r->status = HTTP_CONTINUE;
        r->status_line = NULL;
        ap_send_interim_response(r, 0);
        r->status = status;
        r->status_line = status_line;
    }
}

/* Who sends without being asked does not wait. The look has to come before the read, which tells
 * nothing of the size of a first chunk. */
static void notice_unasked(request_rec *r)
{
    if (!gw_client_waits(r)) {
        return;
    }
    apr_bucket_brigade *first = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    apr_status_t status = ap_get_brigade(r->proto_input_filters, first, AP_MODE_SPECULATIVE,
                                         APR_NONBLOCK_READ, 1);
    if (status == APR_SUCCESS && !APR_BRIGADE_EMPTY(first)) {
        for (request_rec *each = r; each; each = each->main) {
            each->expecting_100 = 0;
        }
    }
    apr_brigade_destroy(first);
}

/* -------------------------------------------------------------------------------------- reading */

apr_status_t gw_client_read(gw_client *client, request_rec *r, apr_bucket_brigade *into)
{
    if (client->is_at_end) {
        return APR_EAGAIN;
    }
    notice_unasked(r);
    apr_status_t status = ap_get_brigade(r->input_filters, into, AP_MODE_READBYTES,
                                         APR_NONBLOCK_READ, GW_BODY_AT_HAND);
    if (status == APR_SUCCESS && APR_BRIGADE_EMPTY(into)) {
        status = APR_EAGAIN;
    }
    if (status == APR_SUCCESS) {
        apr_off_t length = 0;
        apr_brigade_length(into, 0, &length);
        gw_client_count(client, length > 0 ? length : 0);
        client->is_at_end = gw_body_ends(into);
    }
    return status;
}

/* Never the connection's own socket: a stream of HTTP/2 has none. */
int gw_client_descriptor(request_rec *r)
{
    apr_pollfd_t client = { .p = r->pool, .reqevents = APR_POLLIN };
    int descriptor = -1;
    if (ap_get_pollfd_from_conn(r->connection, &client, NULL) != APR_SUCCESS) {
        return -1;
    }
    if (client.desc_type == APR_POLL_SOCKET) {
        apr_os_sock_get(&descriptor, client.desc.s);
    }
    else if (client.desc_type == APR_POLL_FILE) {
        apr_os_file_get(&descriptor, client.desc.f);
    }
    return descriptor;
}

int gw_client_look_time(int descriptor)
{
    return descriptor >= 0 ? CLIENT_LOOK_MS : BLIND_LOOK_MS;
}

int gw_client_patience(const gw_client *client, const request_rec *r)
{
    apr_interval_time_t left = client->progress + r->server->timeout - apr_time_now();
    return left <= 0 ? 0 : (int)apr_time_as_msec(left) + 1;
}
