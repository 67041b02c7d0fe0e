/* SPDX-License-Identifier: Apache-2.0 */
/* The request body: from the client's filters to the exchange, never waiting in between. */
#include "mod_gateway.h"

#define PIECES 64

int gw_body_ends(const apr_bucket_brigade *brigade)
{
    return !APR_BRIGADE_EMPTY(brigade) && APR_BUCKET_IS_EOS(APR_BRIGADE_LAST(brigade));
}

/* Stands for the connection that mod_proxy's functions name in the log, where none is taken yet.
 * They print its address, for which a path may stand. */
static proxy_conn_rec *stand_in(request_rec *r, proxy_worker *worker)
{
    proxy_conn_rec *connection = apr_pcalloc(r->pool, sizeof *connection);
    const char *path = apr_table_get(r->notes, "uds_path");
    const char *name = path                  ? path
                       : *worker->s->uds_path ? worker->s->uds_path
                                              : worker->s->name_ex;
    connection->worker = worker;
    connection->hostname = worker->s->hostname_ex;
    apr_sockaddr_info_get(&connection->addr, name, APR_UNIX, 0, 0, r->pool);
    return connection;
}

static void set_content_length(request_rec *r, apr_off_t length)
{
    apr_table_setn(r->headers_in, "Content-Length", apr_off_t_toa(r->pool, length));
    apr_table_unset(r->headers_in, "Transfer-Encoding");
}

/* Without a length many applications, php-fpm among them, take a body for empty. */
static int has_to_be_spooled(const request_rec *r, const char *length)
{
    const gw_directory *directory = gw_directory_of(r);
    if (directory->spools_uploads == 1) {
        return 1;
    }
    if (apr_table_get(r->subprocess_env, "proxy-sendcl")) {
        return !length || r->input_filters != r->proto_input_filters;
    }
    if (length && r->input_filters == r->proto_input_filters) {
        return 0;
    }
    return directory->streams_uploads != 1;
}

/* RFC 9112 §6.3; and no filter of a resource adds one. A part of a page has none that is not its
 * own: what its client sends is the page's. */
static int has_no_body(const request_rec *r, const char *coding, const char *length)
{
    return !coding && !length && !r->kept_body
        && (r->main || (!r->connection->master && r->input_filters == r->proto_input_filters));
}

static void note_end(gw_body *body)
{
    if (gw_body_ends(body->kept)) {
        body->is_complete = body->client.is_at_end = 1;
    }
}

/* A part of it went to another application before, and not all. */
static int is_begun(const request_rec *r)
{
    for (const request_rec *each = r->prev; each; each = each->prev) {
        const gw_request *request = ap_get_module_config(each->request_config, gw_record);
        const gw_body *body = request ? request->body : NULL;
        if (body && !body->client.is_at_end && (body->kept_length || body->is_streamed)) {
            return 1;
        }
    }
    return 0;
}

/* The page of an error gets the body only if all of it is at hand: it neither asks the client for
 * one nor waits. What has come by the time of the answer is read away. */
static int prepare_error_page(request_rec *r, gw_body *body)
{
    apr_bucket_brigade *piece = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    apr_status_t status = is_begun(r) ? APR_EAGAIN : APR_SUCCESS;
    if (gw_client_waits(r)) {
        gw_client_give_up(&body->client, r);
    }
    while (status == APR_SUCCESS && !body->client.is_at_end
           && body->kept_length < GW_BODY_AT_HAND) {
        apr_off_t length = 0;
        status = gw_client_read(&body->client, r, piece);
        if (status == APR_SUCCESS) {
            apr_brigade_length(piece, 1, &length);
            body->kept_length += length;
            status = ap_save_brigade(NULL, &body->kept, &piece, r->pool);
        }
    }
    if (status == AP_FILTER_ERROR) {
        return AP_FILTER_ERROR;
    }
    if (!gw_body_ends(body->kept)) {
        apr_brigade_cleanup(body->kept);
        body->kept_length = 0;
        body->client.left = GW_LEFT_UNKNOWN;
    }
    body->is_complete = 1;
    /* The other request's are the same table, and httpd's filter has read them by now. */
    r->headers_in = apr_table_copy(r->pool, r->headers_in);
    set_content_length(r, body->kept_length);
    return OK;
}

int gw_body_prepare(request_rec *r, proxy_worker *worker, gw_body *body)
{
    const char *coding = apr_table_get(r->headers_in, "Transfer-Encoding");
    if (coding) {
        apr_table_unset(r->headers_in, "Content-Length");
    }
    const char *length = apr_table_get(r->headers_in, "Content-Length");

    body->kept = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    if (has_no_body(r, coding, length)) {
        body->is_complete = body->client.is_at_end = 1;
        return OK;
    }
    gw_client_begin(&body->client, r);
    if (!ap_is_HTTP_SUCCESS(r->status)) {
        return prepare_error_page(r, body);
    }
    int status = OK;
    int is_spooled = has_to_be_spooled(r, length);
    proxy_conn_rec *connection = stand_in(r, worker);
    /* Who waits for "100 Continue" is not looked at before the application can be had: with the
     * first look the time begins that mod_reqtimeout gives a body. */
    int may_wait = gw_client_waits(r) && (coding || body->client.left > 0);
    if (is_spooled || !may_wait) {
        status = ap_proxy_prefetch_input(r, connection, body->kept, APR_NONBLOCK_READ,
                                         &body->kept_length, GW_BODY_AT_HAND);
        gw_client_count(&body->client, body->kept_length);
    }
    if (status == OK && is_spooled) {
        int is_at_hand = gw_body_ends(body->kept);
        status = gw_body_spool(r, connection, body);
        if (status == OK && !is_at_hand) {
            set_content_length(r, body->kept_length);
        }
    }
    if (status != OK) {
        return status;
    }
    note_end(body);
    if (body->is_complete && (length || coding || body->kept_length)) {
        set_content_length(r, body->kept_length);
    }
    return OK;
}

int gw_body_is_there(const gw_body *body)
{
    return !body->is_complete || body->kept_length > 0;
}

void gw_body_rewind(gw_body *body, request_rec *r)
{
    if (!body->rest) {
        body->rest = apr_brigade_create(r->pool, r->connection->bucket_alloc);
        body->sending = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    }
    apr_brigade_cleanup(body->rest);
    body->is_written = 0;
    for (apr_bucket *b = APR_BRIGADE_FIRST(body->kept); b != APR_BRIGADE_SENTINEL(body->kept);
         b = APR_BUCKET_NEXT(b)) {
        apr_bucket *copy;
        if (apr_bucket_copy(b, &copy) == APR_SUCCESS) {
            APR_BRIGADE_INSERT_TAIL(body->rest, copy);
        }
    }
}

/* Puts what the client has sent into rest. */
static apr_status_t read_client(gw_body *body, request_rec *r)
{
    apr_status_t status = gw_client_read(&body->client, r, body->rest);
    body->is_streamed |= status == APR_SUCCESS;
    return status;
}

typedef struct gathering {
    gateway_bytes pieces[PIECES];
    apr_size_t count;
    apr_size_t size;
    int is_end;
} gathering;

static int is_full(const gathering *g)
{
    return g->count == PIECES || g->size >= GW_BODY_AT_HAND;
}

/* Moves buckets from rest to sending. A filter may use its buffer again at the next read: what is
 * gathered has to outlive that. */
static apr_status_t gather(gw_body *body, request_rec *r, gathering *g)
{
    while (!g->is_end && !APR_BRIGADE_EMPTY(body->rest)) {
        apr_bucket *b = APR_BRIGADE_FIRST(body->rest);
        /* The end leaves together with the last bytes, even if these were all that fits. */
        if (APR_BUCKET_IS_METADATA(b)) {
            g->is_end = APR_BUCKET_IS_EOS(b);
            apr_bucket_delete(b);
            continue;
        }
        if (is_full(g)) {
            break;
        }
        const char *bytes;
        apr_size_t length;
        apr_status_t status = apr_bucket_read(b, &bytes, &length, APR_BLOCK_READ);
        if (status == APR_SUCCESS && length > GW_BODY_AT_HAND) {
            status = apr_bucket_split(b, GW_BODY_AT_HAND);
        }
        if (status == APR_SUCCESS) {
            status = apr_bucket_setaside(b, r->pool);
            status = status == APR_ENOTIMPL ? APR_SUCCESS : status;
        }
        if (status == APR_SUCCESS) {
            status = apr_bucket_read(b, &bytes, &length, APR_BLOCK_READ);
        }
        if (status != APR_SUCCESS) {
            return status;
        }
        APR_BUCKET_REMOVE(b);
        APR_BRIGADE_INSERT_TAIL(body->sending, b);
        if (length) {
            g->pieces[g->count++] = (gateway_bytes){ bytes, length };
            g->size += length;
        }
    }
    return APR_SUCCESS;
}

gw_fed gw_body_feed(gw_body *body, request_rec *r, gateway_exchange *exchange,
                    apr_status_t *failure)
{
    gathering g = { .count = 0 };
    apr_status_t status;
    do {
        status = gather(body, r, &g);
    } while (status == APR_SUCCESS && !g.is_end && !is_full(&g)
             && (status = read_client(body, r)) == APR_SUCCESS);

    if (status != APR_SUCCESS && !APR_STATUS_IS_EAGAIN(status)) {
        apr_brigade_cleanup(body->sending);
        *failure = status;
        return GW_FED_FAILED;
    }
    if (!g.count && !g.is_end) {
        return GW_FED_NOTHING;
    }
    if (gateway_exchange_write(exchange, g.pieces, g.count, g.is_end ? GATEWAY_WRITE_END : 0)
        == GATEWAY_AGAIN) {
        if (g.is_end) {
            APR_BRIGADE_INSERT_TAIL(body->sending,
                                    apr_bucket_eos_create(r->connection->bucket_alloc));
        }
        APR_BRIGADE_PREPEND(body->rest, body->sending);
        return GW_FED_NOTHING;
    }
    /* Any other refusal says that the exchange has ended: its answer is what counts. */
    body->is_written = (unsigned)g.is_end;
    apr_brigade_cleanup(body->sending);
    return GW_FED;
}
