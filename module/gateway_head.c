/* SPDX-License-Identifier: Apache-2.0 */
/* The response head, and what the application writes to STDERR. */
#include "mod_gateway.h"
#include "gateway_length.h"

#include <apr_date.h>
#include <util_filter.h>

/* Filters above the protocol that leave the body as it is. */
static const char *const headers_only[] = { "fixup_headers_out", "fixup_headers_err", "mod_expires",
                                            "cache_save",        "cache_save_subreq", "old_write",
                                            "log_input_output",  "ratelimit",
                                            "mod_session_out",   NULL };

static int changes_body(const ap_filter_t *filter)
{
    if (filter->frec->ftype >= AP_FTYPE_PROTOCOL) {
        return 0;
    }
    for (const char *const *name = headers_only; *name; ++name) {
        if (ap_cstr_casecmp(filter->frec->name, *name) == 0) {
            return 0;
        }
    }
    return 1;
}

/* The length that the application declares holds for the client only if nothing changes the body
 * on its way. */
static int is_length_kept(const request_rec *r)
{
    if (apr_table_get(r->subprocess_env, "ap_trust_cgilike_cl")) {
        return 1;
    }
    for (const ap_filter_t *each = r->output_filters; each; each = each->next) {
        if (changes_body(each)) {
            return 0;
        }
    }
    return 1;
}

static void set_last_modified(request_rec *r, const char *value)
{
    apr_time_t date = apr_date_parse_http(value);
    if (date == APR_DATE_BAD) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                      APLOGNO(10247) "Ignored invalid header value: Last-Modified: '%s'", value);
        return;
    }
    ap_update_mtime(r, date);
    ap_set_last_modified(r);
}

static int is_own_field(const char *name)
{
    return ap_cstr_casecmp(name, "Location") == 0 || ap_cstr_casecmp(name, "Content-Range") == 0
        || ap_cstr_casecmp(name, "Content-Length") == 0 || ap_cstr_casecmp(name, "ETag") == 0;
}

/* Types whose readers take each piece as it comes. The type is in lower case. */
static int is_stream(const char *type)
{
    static const char *const streams[] = { "text/event-stream", "application/x-ndjson",
                                           "application/ndjson", NULL };
    for (const char *const *each = streams; *each; ++each) {
        apr_size_t length = strlen(*each);
        if (strncmp(type, *each, length) == 0 && strchr("; \t", type[length])) {
            return 1;
        }
    }
    return 0;
}

static void take_field(gw_exchange *x, const char *name, char *value)
{
    request_rec *r = x->r;
    if (ap_cstr_casecmp(name, "Content-Type") == 0) {
        ap_content_type_tolower(value);
        ap_set_content_type(r, value);
        x->flushes |= is_stream(value);
    }
    else if (ap_cstr_casecmp(name, "Last-Modified") == 0) {
        set_last_modified(r, value);
    }
    else if (ap_cstr_casecmp(name, "Set-Cookie") == 0) {
        apr_table_addn(r->err_headers_out, name, value);
    }
    else if (is_own_field(name)) {
        apr_table_setn(r->headers_out, name, value);
    }
    else if (gw_sendfile_takes(x, name, value)) {
        return;
    }
    else {
        if (ap_cstr_casecmp(name, "X-Accel-Buffering") == 0) {
            x->flushes |= ap_cstr_casecmp(value, "no") == 0;
        }
        /* Of the headers that stay when the answer becomes an error page: "Header always". */
        apr_table_mergen(r->err_headers_out, name, value);
    }
}

/* httpd has a line for it; one that it does not know it takes for 500. */
static int is_usual_status(int status)
{
    return atoi(ap_get_status_line(status)) == status;
}

static int is_usual_reason(int status, gateway_bytes reason)
{
    const char *usual = ap_get_status_line(status) + sizeof "200";
    return is_usual_status(status) && strlen(usual) == reason.length
        && memcmp(usual, reason.bytes, reason.length) == 0;
}

static char *string_of(apr_pool_t *pool, gateway_bytes bytes)
{
    return bytes.length ? apr_pstrmemdup(pool, bytes.bytes, bytes.length) : apr_pstrdup(pool, "");
}

/* NULL: httpd's own. To httpd a status that it does not know, without a line, is 500. */
static const char *status_line(const request_rec *r, const gateway_event *head)
{
    if (head->reason.length > 0) {
        return is_usual_reason(r->status, head->reason)
                   ? NULL
                   : apr_psprintf(r->pool, "%d %.*s", r->status, (int)head->reason.length,
                                  (const char *)head->reason.bytes);
    }
    return is_usual_status(r->status) ? NULL : apr_itoa(r->pool, r->status);
}

/* As httpd says it of its own scripts. */
static void note_odd_status(request_rec *r, const gateway_event *head)
{
    if (!ap_is_HTTP_VALID_RESPONSE(head->http_status)) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR | APLOG_TOCLIENT, 0, r,
                      "Invalid status line from script '%s': %d%s%.*s",
                      apr_filepath_name_get(r->filename), (int)head->http_status,
                      head->reason.length ? " " : "",
                      (int)(head->reason.length < 26 ? head->reason.length : 26),
                      head->reason.length ? (const char *)head->reason.bytes : "");
    }
}

void gw_head_take(gw_exchange *x, const gateway_event *head)
{
    request_rec *r = x->r;
    x->has_head = 1;
    x->request->own_err_headers = r->err_headers_out;
    r->err_headers_out = apr_table_copy(r->pool, r->err_headers_out);
    x->own_status = r->status;
    /* Without a status of its own an error document answers with that of the error. */
    if (head->flags & GATEWAY_EVENT_STATUS_GIVEN || head->http_status != HTTP_OK) {
        r->status = (int)head->http_status;
    }
    note_odd_status(r, head);
    r->status_line = status_line(r, head);
    for (size_t i = 0; i < head->field_count; ++i) {
        take_field(x, string_of(r->pool, head->fields[i].name),
                   string_of(r->pool, head->fields[i].value));
    }
    gw_length_begin(x, head);
    if (!is_length_kept(r)) {
        apr_table_unset(r->headers_out, "Content-Length");
    }
}

/* A page that an application makes is cut into ranges only if it says that it may be: another page
 * may come the next time, and one that answers ranges itself has done so. */
int gw_head_settle_ranges(request_rec *r)
{
    const char *accepted = apr_table_get(r->err_headers_out, "Accept-Ranges");
    if (r->method_number == M_GET && !r->header_only && accepted
        && ap_cstr_casecmp(accepted, "bytes") == 0) {
        return 1;
    }
    for (ap_filter_t *each = r->output_filters; each; each = each->next) {
        if (ap_cstr_casecmp(each->frec->name, "byterange") == 0) {
            ap_remove_output_filter(each);
            break;
        }
    }
    return 0;
}

/* 100 is httpd's own to say, and a part of a page says nothing before the page does. */
void gw_head_pass_interim(request_rec *r, const gateway_event *head)
{
    int status = r->status;
    const char *status_line = r->status_line;
    apr_table_t *headers = r->headers_out;
    if (head->http_status == HTTP_CONTINUE || r->main) {
        return;
    }
    r->status = (int)head->http_status;
    r->status_line = head->reason.length
                         ? apr_psprintf(r->pool, "%d %.*s", r->status, (int)head->reason.length,
                                        (const char *)head->reason.bytes)
                         : NULL;
    r->headers_out = apr_table_make(r->pool, (int)head->field_count);
    for (size_t i = 0; i < head->field_count; ++i) {
        apr_table_addn(r->headers_out, string_of(r->pool, head->fields[i].name),
                       string_of(r->pool, head->fields[i].value));
    }
    ap_send_interim_response(r, 1);
    r->status = status;
    r->status_line = status_line;
    r->headers_out = headers;
}

void gw_head_restore(request_rec *r)
{
    r->err_headers_out = gw_request_of(r)->own_err_headers;
    apr_table_clear(r->headers_out);
    r->content_type = NULL;
}

void gw_head_forget(gw_exchange *x)
{
    request_rec *r = x->r;
    if (!x->has_head) {
        return;
    }
    r->status = x->own_status;
    gw_head_restore(r);
}
