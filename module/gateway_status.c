/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SetHandler gateway-status: what applications and their addresses do and did, over all children.
 * Shown as a page, and behind ?json and ?metrics as JSON and as Prometheus reads it.
 */
#include "gateway_status.h"

#define AT(field) offsetof(gateway_stats, field)

const gw_status_number gw_status_gauges[] = {
    { "active", AT(active), "gateway_active_requests", "Requests that run now." },
    { "queued", AT(queued), "gateway_queued_requests", "Requests that wait for their turn." },
    { "idle", AT(idle), "gateway_idle_connections", "Kept connections without a request." },
    { NULL }
};

const gw_status_number gw_status_outcomes[] = {
    { "complete", AT(complete) },
    { "connect-failed", AT(connect_failed) },
    { "timed-out", AT(timed_out) },
    { "overloaded", AT(overloaded) },
    { "protocol-error", AT(protocol_error) },
    { "truncated", AT(truncated) },
    { "cancelled", AT(cancelled) },
    { "bad-request", AT(bad_request) },
    { NULL }
};

const gw_status_number gw_status_counters[] = {
    { "connected", AT(connected), "gateway_connections_total", "Connections that were made." },
    { "reused", AT(reused), "gateway_reuses_total", "Requests on a kept connection." },
    { "retried", AT(retried), "gateway_retries_total", "Requests that were sent a second time." },
    { "bytes-sent", AT(bytes_sent), "gateway_sent_bytes_total",
      "Bytes sent to the application, records included." },
    { "bytes-received", AT(bytes_received), "gateway_received_bytes_total",
      "Bytes received from the application, records included." },
    { NULL }
};

const gw_status_times gw_status_histograms[] = {
    { "wait", AT(wait_us), AT(wait_max_us), AT(wait_histogram), "gateway_queue_wait_seconds",
      "How long requests waited for their turn, of those that had to." },
    { "first-byte", AT(first_byte_us), AT(first_byte_max_us), AT(first_byte_histogram),
      "gateway_first_byte_seconds", "Time to the first byte of answers." },
    { NULL }
};

const uint64_t gw_status_bounds[] = { 1000,   5000,    10000,   50000,   100000,
                                      500000, 1000000, 5000000, 10000000 };

uint64_t gw_status_value(const gateway_stats *stats, apr_size_t offset)
{
    return *(const uint64_t *)((const char *)stats + offset);
}

const uint64_t *gw_status_buckets(const gateway_stats *stats, const gw_status_times *times)
{
    return (const uint64_t *)((const char *)stats + times->buckets);
}

/* ---------------------------------------------------------------------------------------- texts */

static int is_between(unsigned char byte, int least, int most)
{
    return byte >= least && byte <= most;
}

/* The length of a character that is whole and printable; 0: there is none (RFC 3629). */
static apr_size_t printable(const unsigned char *text)
{
    static const struct {
        unsigned char least, most, second_least, second_most, length;
    } forms[] = {
        { 0xC2, 0xC2, 0xA0, 0xBF, 2 }, { 0xC3, 0xDF, 0x80, 0xBF, 2 },
        { 0xE0, 0xE0, 0xA0, 0xBF, 3 }, { 0xE1, 0xEC, 0x80, 0xBF, 3 },
        { 0xED, 0xED, 0x80, 0x9F, 3 }, { 0xEE, 0xEF, 0x80, 0xBF, 3 },
        { 0xF0, 0xF0, 0x90, 0xBF, 4 }, { 0xF1, 0xF3, 0x80, 0xBF, 4 },
        { 0xF4, 0xF4, 0x80, 0x8F, 4 },
    };
    if (is_between(*text, 0x20, 0x7E)) {
        return 1;
    }
    for (apr_size_t i = 0; i < sizeof forms / sizeof *forms; ++i) {
        if (!is_between(text[0], forms[i].least, forms[i].most)) {
            continue;
        }
        if (!is_between(text[1], forms[i].second_least, forms[i].second_most)) {
            return 0;
        }
        for (int behind = 2; behind < forms[i].length; ++behind) {
            if (!is_between(text[behind], 0x80, 0xBF)) {
                return 0;
            }
        }
        return forms[i].length;
    }
    return 0;
}

/* Other bytes become \xNN: paths are bytes, and what a process runs is its client's text. */
static const char *readable(apr_pool_t *pool, const char *text)
{
    char *written = apr_palloc(pool, 4 * strlen(text) + 1), *next = written;
    for (const unsigned char *byte = (const unsigned char *)text; *byte;) {
        apr_size_t length = printable(byte);
        if (length == 0) {
            next += apr_snprintf(next, 5, "\\x%02X", *byte++);
            continue;
        }
        memcpy(next, byte, length);
        next += length;
        byte += length;
    }
    *next = 0;
    return written;
}

/* -------------------------------------------------------------------------------------- figures */

static void add_failures(request_rec *r, uint32_t number, gw_status_backend *backend)
{
    for (uint32_t age = 0; age < GATEWAY_FAILURES; ++age) {
        gateway_failure *failure = &backend->failures[age];
        *failure = (gateway_failure)GATEWAY_FAILURE_INIT;
        if (gateway_shared_failure(gw_shared, number, age, failure) != GATEWAY_OK) {
            return;
        }
        backend->messages[age] = readable(r->pool, failure->message[0]
                                                       ? failure->message
                                                       : gateway_outcome_name(failure->outcome));
        ++backend->failure_count;
    }
}

static void add_backends(request_rec *r, gw_status *status)
{
    const char *name;
    gateway_stats stats = GATEWAY_STATS_INIT;
    for (uint32_t i = 0; gateway_shared_stats(gw_shared, i, &name, &stats) == GATEWAY_OK; ++i) {
        gw_status_backend *backend = apr_array_push(status->backends);
        memset(backend, 0, sizeof *backend);
        backend->name = readable(r->pool, name);
        backend->stats = stats;
        add_failures(r, i, backend);
    }
}

static const char *state_name(gateway_process_state state)
{
    switch (state) {
    case GATEWAY_PROCESS_STARTING:
        return "starting";
    case GATEWAY_PROCESS_READY:
        return "ready";
    case GATEWAY_PROCESS_LEAVING:
        return "leaving";
    case GATEWAY_PROCESS_STOPPING:
        return "stopping";
    }
    return "unknown";
}

static void add_processes(request_rec *r, gateway_application *handle, apr_array_header_t *list)
{
    gateway_status found;
    gateway_process process = GATEWAY_PROCESS_INIT;
    for (uint32_t slot = 0;
         (found = gateway_application_process(handle, slot, &process)) != GATEWAY_ERR_INVALID;
         ++slot) {
        if (found == GATEWAY_OK) {
            gw_status_process *each = apr_array_push(list);
            each->is = process;
            each->state = state_name(process.state);
            each->request = process.active ? readable(r->pool, process.request) : "";
        }
    }
}

static const char *address_of(apr_pool_t *pool, const char *application)
{
    return apr_pstrcat(pool, GW_APPLICATION_SCHEME "://", application, NULL);
}

/* What all hosts of the application run, and who waits. */
static void put_in_backend(request_rec *r, const gw_status *status,
                           const gw_status_application *application)
{
    const char *name = address_of(r->pool, application->name);
    for (int i = 0; i < status->backends->nelts; ++i) {
        gw_status_backend *backend = &APR_ARRAY_IDX(status->backends, i, gw_status_backend);
        if (strcmp(backend->name, name) == 0) {
            backend->stats.active = application->stats.active;
            backend->stats.queued = application->stats.queued;
        }
    }
}

static void add_applications(request_rec *r, gw_status *status)
{
    const char *name;
    gateway_application *handle;
    for (int i = 0; (handle = gw_application_number(i, &name)) != NULL; ++i) {
        gw_status_application *application = apr_array_push(status->applications);
        application->name = name;
        application->stats = (gateway_stats)GATEWAY_STATS_INIT;
        application->processes = apr_array_make(r->pool, 8, sizeof(gw_status_process));
        gateway_application_stats(handle, &application->stats);
        add_processes(r, handle, application->processes);
        /* Shown before its first request too. */
        gw_shared_application(address_of(r->pool, name));
    }
}

/* Prometheus writes a parameter without a value with its sign: ?metrics=. */
static int is_asked_for(const request_rec *r, const char *form)
{
    return r->args && strcspn(r->args, "=&") == strlen(form)
        && strncmp(r->args, form, strlen(form)) == 0;
}

int gw_status_handler(request_rec *r)
{
    if (!r->handler || strcmp(r->handler, "gateway-status") != 0) {
        return DECLINED;
    }
    r->allowed = AP_METHOD_BIT << M_GET;
    if (r->method_number != M_GET) {
        return HTTP_METHOD_NOT_ALLOWED;
    }
    gw_status status = { .now = apr_time_now() };
    status.backends = apr_array_make(r->pool, 16, sizeof(gw_status_backend));
    status.applications = apr_array_make(r->pool, 4, sizeof(gw_status_application));
    add_applications(r, &status);
    add_backends(r, &status);
    for (int i = 0; i < status.applications->nelts; ++i) {
        put_in_backend(r, &status,
                       &APR_ARRAY_IDX(status.applications, i, gw_status_application));
    }
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    apr_table_setn(r->headers_out, "X-Content-Type-Options", "nosniff");
    if (is_asked_for(r, "json")) {
        gw_status_json(r, &status);
    }
    else if (is_asked_for(r, "metrics")) {
        gw_status_metrics(r, &status);
    }
    else {
        gw_status_page(r, &status);
    }
    return OK;
}
