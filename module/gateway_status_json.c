/* SPDX-License-Identifier: Apache-2.0 */
/* The status as JSON (RFC 8259). */
#include "gateway_status.h"

#define NUMBER "%" APR_UINT64_T_FMT

/* Control characters are not in it. */
static const char *quoted(apr_pool_t *pool, const char *text)
{
    char *written = apr_palloc(pool, 2 * strlen(text) + 3), *next = written;
    *next++ = '"';
    for (; *text; ++text) {
        if (*text == '"' || *text == '\\') {
            *next++ = '\\';
        }
        *next++ = *text;
    }
    *next++ = '"';
    *next = 0;
    return written;
}

/* Names with underscores, as is usual in JSON. */
static const char *key(apr_pool_t *pool, const char *name)
{
    char *written = apr_pstrdup(pool, name);
    for (char *each = written; *each; ++each) {
        *each = *each == '-' ? '_' : *each;
    }
    return written;
}

static void put_numbers(request_rec *r, const gateway_stats *stats, const gw_status_number *list)
{
    for (; list->name; ++list) {
        ap_rprintf(r, "\"%s\":" NUMBER ",", key(r->pool, list->name),
                   gw_status_value(stats, list->offset));
    }
}

static void put_outcomes(request_rec *r, const gateway_stats *stats)
{
    ap_rputs("\"outcomes\":{", r);
    for (const gw_status_number *each = gw_status_outcomes; each->name; ++each) {
        ap_rprintf(r, "%s\"%s\":" NUMBER, each == gw_status_outcomes ? "" : ",", each->name,
                   gw_status_value(stats, each->offset));
    }
    ap_rputs("},", r);
}

static void put_times(request_rec *r, const gateway_stats *stats, const gw_status_times *times)
{
    const uint64_t *buckets = gw_status_buckets(stats, times);
    uint64_t count = 0;
    ap_rprintf(r, "\"%s\":{\"buckets\":[", key(r->pool, times->name));
    for (int i = 0; i < GATEWAY_WAIT_BUCKETS; ++i) {
        const char *bound = i < GATEWAY_WAIT_BUCKETS - 1
                                ? apr_psprintf(r->pool, NUMBER, gw_status_bounds[i])
                                : "null";
        ap_rprintf(r, "%s{\"at_most_us\":%s,\"count\":" NUMBER "}", i ? "," : "", bound,
                   buckets[i]);
        count += buckets[i];
    }
    ap_rprintf(r, "],\"count\":" NUMBER ",\"sum_us\":" NUMBER ",\"max_us\":" NUMBER "},", count,
               gw_status_value(stats, times->sum), gw_status_value(stats, times->longest));
}

static void put_failures(request_rec *r, const gw_status_backend *backend)
{
    ap_rputs("\"failures\":[", r);
    for (int i = 0; i < backend->failure_count; ++i) {
        const gateway_failure *failure = &backend->failures[i];
        ap_rprintf(r,
                   "%s{\"time_ms\":" NUMBER ",\"outcome\":\"%s\",\"stage\":\"%s\","
                   "\"message\":%s}",
                   i ? "," : "", failure->time_ms, gateway_outcome_name(failure->outcome),
                   gateway_stage_name(failure->stage), quoted(r->pool, backend->messages[i]));
    }
    ap_rputs("]", r);
}

static void put_backend(request_rec *r, const gw_status_backend *backend)
{
    ap_rprintf(r, "{\"name\":%s,", quoted(r->pool, backend->name));
    put_numbers(r, &backend->stats, gw_status_gauges);
    put_outcomes(r, &backend->stats);
    put_numbers(r, &backend->stats, gw_status_counters);
    for (const gw_status_times *each = gw_status_histograms; each->name; ++each) {
        put_times(r, &backend->stats, each);
    }
    put_failures(r, backend);
    ap_rputs("}", r);
}

static void put_process(request_rec *r, const gw_status_process *process)
{
    const gateway_process *is = &process->is;
    ap_rprintf(r,
               "{\"pid\":%d,\"state\":\"%s\",\"generation\":%u,\"requests\":%u,\"active\":%u,"
               "\"memory\":" NUMBER ",\"age_ms\":" NUMBER ",\"busy_ms\":" NUMBER ",\"request\":%s}",
               (int)is->process, process->state, is->generation, is->served, is->active, is->memory,
               is->age_ms, is->busy_ms, quoted(r->pool, process->request));
}

static void put_application(request_rec *r, const gw_status_application *application)
{
    ap_rprintf(r, "{\"name\":%s,\"active\":" NUMBER ",\"queued\":" NUMBER ",\"processes\":[",
               quoted(r->pool, application->name), application->stats.active,
               application->stats.queued);
    for (int i = 0; i < application->processes->nelts; ++i) {
        ap_rputs(i ? "," : "", r);
        put_process(r, &APR_ARRAY_IDX(application->processes, i, gw_status_process));
    }
    ap_rputs("]}", r);
}

void gw_status_json(request_rec *r, const gw_status *status)
{
    ap_set_content_type(r, "application/json");
    ap_rprintf(r, "{\"version\":\"%s\",\"time_ms\":%" APR_TIME_T_FMT ",\"backends\":[",
               gateway_version(), apr_time_as_msec(status->now));
    for (int i = 0; i < status->backends->nelts; ++i) {
        ap_rputs(i ? ",\n" : "\n", r);
        put_backend(r, &APR_ARRAY_IDX(status->backends, i, gw_status_backend));
    }
    ap_rputs("],\n\"applications\":[", r);
    for (int i = 0; i < status->applications->nelts; ++i) {
        ap_rputs(i ? ",\n" : "\n", r);
        put_application(r, &APR_ARRAY_IDX(status->applications, i, gw_status_application));
    }
    ap_rputs("]}\n", r);
}
