/* SPDX-License-Identifier: Apache-2.0 */
/* Request bodies whose length the application has to know before their end is here. */
#include "mod_gateway.h"

static apr_off_t limit_of(const request_rec *r)
{
    apr_off_t limit = ap_get_limit_req_body(r);
    return limit > 0 ? limit : APR_INT64_MAX;
}

static int too_long(request_rec *r)
{
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                  "GW1012: the request body is larger than LimitRequestBody (%" APR_OFF_T_FMT ")",
                  limit_of(r));
    return HTTP_REQUEST_ENTITY_TOO_LARGE;
}

apr_status_t gw_spool_write(apr_file_t *file, apr_bucket_brigade *piece)
{
    for (apr_bucket *b = APR_BRIGADE_FIRST(piece); b != APR_BRIGADE_SENTINEL(piece);
         b = APR_BUCKET_NEXT(b)) {
        const char *bytes;
        apr_size_t length;
        apr_status_t status = apr_bucket_read(b, &bytes, &length, APR_BLOCK_READ);
        if (status == APR_SUCCESS) {
            status = apr_file_write_full(file, bytes, length, NULL);
        }
        if (status != APR_SUCCESS) {
            return status;
        }
    }
    return APR_SUCCESS;
}

apr_file_t *gw_spool_file(request_rec *r)
{
    const char *directory;
    apr_file_t *file = NULL;
    apr_status_t status = apr_temp_dir_get(&directory, r->pool);
    if (status == APR_SUCCESS) {
        char *name = apr_pstrcat(r->pool, directory, "/gateway.XXXXXX", NULL);
        status = apr_file_mktemp(&file, name,
                                 APR_FOPEN_CREATE | APR_FOPEN_READ | APR_FOPEN_WRITE
                                     | APR_FOPEN_EXCL | APR_FOPEN_DELONCLOSE,
                                 r->pool);
    }
    if (status != APR_SUCCESS) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, status, r,
                      APLOGNO(01090) "creation of temporary file failed");
        return NULL;
    }
    return file;
}

int gw_body_spool(request_rec *r, proxy_conn_rec *connection, gw_body *body)
{
    apr_bucket_alloc_t *buckets = r->connection->bucket_alloc;
    apr_bucket_brigade *piece = apr_brigade_create(r->pool, buckets);
    apr_file_t *file = NULL;
    apr_off_t in_file = 0;
    apr_off_t limit = limit_of(r);
    if (body->kept_length > limit || body->client.left > limit - body->kept_length) {
        return too_long(r);
    }
    if (gw_body_ends(body->kept)) {
        return OK;
    }
    for (int is_end = 0; !is_end;) {
        int status = ap_proxy_read_input(r, connection, piece, GW_BODY_AT_HAND);
        if (status != OK) {
            return status;
        }
        is_end = gw_body_ends(piece);
        apr_off_t length = 0;
        apr_brigade_length(piece, 1, &length);
        body->kept_length += length;
        if (body->kept_length > limit) {
            return too_long(r);
        }
        if (!file && body->kept_length <= GW_BODY_AT_HAND) {
            ap_save_brigade(NULL, &body->kept, &piece, r->pool);
            continue;
        }
        if (!file && !(file = gw_spool_file(r))) {
            return HTTP_INTERNAL_SERVER_ERROR;
        }
        apr_status_t written = gw_spool_write(file, piece);
        if (written != APR_SUCCESS) {
            ap_log_rerror(APLOG_MARK, APLOG_ERR, written, r,
                          APLOGNO(01091) "write to temporary file failed");
            return HTTP_INTERNAL_SERVER_ERROR;
        }
        in_file += length;
        apr_brigade_cleanup(piece);
    }
    if (file) {
        apr_brigade_insert_file(body->kept, file, 0, in_file, r->pool);
        APR_BRIGADE_INSERT_TAIL(body->kept, apr_bucket_eos_create(buckets));
    }
    if (apr_table_get(r->subprocess_env, "proxy-sendextracrlf")) {
        APR_BUCKET_INSERT_BEFORE(APR_BRIGADE_LAST(body->kept),
                                 apr_bucket_immortal_create(CRLF_ASCII, 2, buckets));
    }
    return OK;
}
