/* SPDX-License-Identifier: Apache-2.0 */
/* The request body: from the client's filters to the exchange, never waiting in between. */
#include "mod_gateway.h"

#define PIECES 64
/* How much of a body that nobody wants is read, and for how long. */
#define DRAIN_BYTES (1 << 20)
#define DRAIN_TIME apr_time_from_sec(2)

int gw_body_ends(const apr_bucket_brigade *brigade)
{
    return !APR_BRIGADE_EMPTY(brigade) && APR_BUCKET_IS_EOS(APR_BRIGADE_LAST(brigade));
}

/* Stands for the connection that mod_proxy's functions want to name in the log. */
static proxy_conn_rec *nameless_connection(request_rec *r, proxy_worker *worker)
{
    proxy_conn_rec *connection = apr_pcalloc(r->pool, sizeof *connection);
    connection->worker = worker;
    connection->hostname = worker->s->hostname_ex;
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

/* RFC 9112 §6.3; and no filter of a resource adds one. */
static int has_no_body(const request_rec *r, const char *coding, const char *length)
{
    return !coding && !length && !r->kept_body && !r->connection->master
        && r->input_filters == r->proto_input_filters;
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
        body->is_complete = body->is_at_end = 1;
        return OK;
    }
    body->progress = apr_time_now();
    proxy_conn_rec *connection = nameless_connection(r, worker);
    int status = ap_proxy_prefetch_input(r, connection, body->kept, APR_NONBLOCK_READ,
                                         &body->kept_length, GW_BODY_AT_HAND);
    if (status == OK && has_to_be_spooled(r, length)) {
        int is_at_hand = gw_body_ends(body->kept);
        status = gw_body_spool(r, connection, body);
        if (status == OK && !is_at_hand) {
            set_content_length(r, body->kept_length);
        }
    }
    if (status != OK) {
        return status;
    }
    if (gw_body_ends(body->kept)) {
        body->is_complete = body->is_at_end = 1;
        if (length || coding || body->kept_length) {
            set_content_length(r, body->kept_length);
        }
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

/* httpd's own filter sends "100 Continue" only when it is asked to wait. */
static void ask_client_to_continue(request_rec *r)
{
    if (r->expecting_100 && r->proto_num >= HTTP_VERSION(1, 1) && !r->bytes_sent) {
        int status = r->status;
        r->expecting_100 = 0;
        r->status = HTTP_CONTINUE;
        ap_send_interim_response(r, 0);
        r->status = status;
    }
}

/* Puts what the client has sent into rest. */
static apr_status_t read_client(gw_body *body, request_rec *r)
{
    if (body->is_at_end) {
        return APR_EAGAIN;
    }
    apr_status_t status = ap_get_brigade(r->input_filters, body->rest, AP_MODE_READBYTES,
                                         APR_NONBLOCK_READ, GW_BODY_AT_HAND);
    if (status == APR_SUCCESS && APR_BRIGADE_EMPTY(body->rest)) {
        status = APR_EAGAIN;
    }
    if (status == APR_SUCCESS) {
        body->is_streamed = 1;
        body->is_at_end = gw_body_ends(body->rest);
        body->progress = apr_time_now();
    }
    else if (APR_STATUS_IS_EAGAIN(status)) {
        ask_client_to_continue(r);
    }
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

/* mod_http2 resets a stream whose body is left unread when the answer ends, and a client may lose
 * the answer over it. */
void gw_body_drain(gw_body *body, request_rec *r)
{
    if (body->is_at_end || !r->connection->master || r->expecting_100) {
        return;
    }
    apr_time_t until = apr_time_now() + DRAIN_TIME;
    apr_off_t left = DRAIN_BYTES;
    apr_off_t length;
    gw_body_rewind(body, r);
    while (!body->is_at_end && left > 0 && apr_time_now() < until) {
        apr_brigade_cleanup(body->rest);
        apr_status_t status = read_client(body, r);
        if (status == APR_SUCCESS && apr_brigade_length(body->rest, 1, &length) == APR_SUCCESS) {
            left -= length;
        }
        else if (APR_STATUS_IS_EAGAIN(status)) {
            gw_await_body(r, (int)apr_time_as_msec(until - apr_time_now()));
        }
        else {
            return;
        }
    }
}

void gw_body_settle(gw_body *body, request_rec *r)
{
    gw_body_drain(body, r);
    if (!body->is_at_end) {
        r->connection->keepalive = AP_CONN_CLOSE;
    }
}
