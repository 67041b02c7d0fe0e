/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GatewayBuffer: an answer is gathered as fast as the application sends it, in memory and then in a
 * file, and goes to the client when the application is free. What grows beyond the limit, or is to
 * be flushed as it comes, goes on as without it.
 */
#include "mod_gateway.h"

#define MOST_SIZE ((apr_off_t)64 << 30)

struct gw_buffer {
    apr_bucket_brigade *kept;
    apr_off_t size;
    apr_off_t limit;
    apr_file_t *file;
    apr_off_t in_file;
};

/* -------------------------------------------------------------------------------- configuration */

apr_off_t gw_size_read(const char *word)
{
    char *end;
    apr_int64_t size = apr_strtoi64(word, &end, 10);
    int shift = *end == 'K' || *end == 'k'   ? 10
                : *end == 'M' || *end == 'm' ? 20
                : *end == 'G' || *end == 'g' ? 30
                                             : 0;
    int is_none = !apr_isdigit(*word) || size < 0 || size > (APR_INT64_MAX >> 30)
        || end[shift ? 1 : 0];
    return is_none ? -1 : size << shift;
}

const char *gw_buffer_size(cmd_parms *cmd, void *config, const char *word)
{
    gw_directory *directory = config;
    if (ap_cstr_casecmp(word, "Off") == 0) {
        directory->buffer_size = 0;
        return NULL;
    }
    directory->buffer_size = gw_size_read(word);
    if (directory->buffer_size < 1 || directory->buffer_size > MOST_SIZE) {
        return apr_psprintf(cmd->pool,
                            "GatewayBuffer: \"%s\" is neither a number of bytes from 1 to 64G, "
                            "perhaps with K, M or G, nor Off",
                            word);
    }
    return NULL;
}

/* ------------------------------------------------------------------------------------ gathering */

void gw_buffer_begin(gw_exchange *x, apr_off_t limit)
{
    if (limit > 0) {
        request_rec *r = x->r;
        x->request->buffer = apr_pcalloc(r->pool, sizeof *x->request->buffer);
        x->request->buffer->kept = apr_brigade_create(r->pool, r->connection->bucket_alloc);
        x->request->buffer->limit = limit;
    }
}

/* Closes the gap between what is in memory, which came first, and what follows it. */
static void join_file(request_rec *r, gw_buffer *buffer)
{
    if (buffer->in_file) {
        apr_brigade_insert_file(buffer->kept, buffer->file, 0, buffer->in_file, r->pool);
    }
}

static apr_status_t write_to_memory(gw_buffer *buffer, apr_bucket_brigade *out)
{
    for (apr_bucket *b = APR_BRIGADE_FIRST(out); b != APR_BRIGADE_SENTINEL(out);
         b = APR_BUCKET_NEXT(b)) {
        const char *bytes;
        apr_size_t length;
        apr_status_t status = apr_bucket_read(b, &bytes, &length, APR_BLOCK_READ);
        if (status == APR_SUCCESS) {
            status = apr_brigade_write(buffer->kept, NULL, NULL, bytes, length);
        }
        if (status != APR_SUCCESS) {
            return status;
        }
    }
    return APR_SUCCESS;
}

static apr_status_t keep(request_rec *r, gw_buffer *buffer, apr_bucket_brigade *out,
                         apr_off_t length)
{
    if (!buffer->file && buffer->size + length <= GW_BODY_AT_HAND) {
        return write_to_memory(buffer, out);
    }
    if (!buffer->file) {
        buffer->file = gw_spool_file(r);
    }
    apr_status_t status = buffer->file ? gw_spool_write(buffer->file, out) : APR_EGENERAL;
    if (status == APR_SUCCESS) {
        buffer->in_file += length;
    }
    return status;
}

void gw_buffer_release(gw_exchange *x)
{
    gw_buffer *buffer = x->request->buffer;
    if (buffer) {
        join_file(x->r, buffer);
        APR_BRIGADE_PREPEND(x->out, buffer->kept);
        x->request->buffer = NULL;
    }
}

int gw_buffer_take(gw_exchange *x)
{
    gw_buffer *buffer = x->request->buffer;
    if (!buffer) {
        return 0;
    }
    apr_off_t length = 0;
    apr_status_t status = apr_brigade_length(x->out, 1, &length);
    if (status == APR_SUCCESS && buffer->size + length <= buffer->limit) {
        status = keep(x->r, buffer, x->out, length);
        if (status == APR_SUCCESS) {
            buffer->size += length;
            apr_brigade_cleanup(x->out);
            return 1;
        }
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, status, x->r,
                      "GW1021: an answer of more than %" APR_OFF_T_FMT " bytes cannot be buffered",
                      buffer->size);
    }
    gw_buffer_release(x);
    return 0;
}

/* -------------------------------------------------------------------------------------- sending */

int gw_buffer_send(request_rec *r)
{
    gw_request *request = gw_request_of(r);
    gw_client *client = &request->body->client;
    apr_bucket_brigade *out = request->buffer->kept;
    if (gw_client_settle(client, r) != OK) {
        return AP_FILTER_ERROR;
    }
    join_file(r, request->buffer);
    apr_status_t status = gw_client_end_answer(client, r, out);
    return status == APR_SUCCESS || r->connection->aborted ? OK : AP_FILTER_ERROR;
}
