/* SPDX-License-Identifier: Apache-2.0 */
/* The status in the text format of Prometheus, version 0.0.4. */
#include "gateway_status.h"

#define NUMBER "%" APR_UINT64_T_FMT

/* Newlines are not in it. */
static const char *label(apr_pool_t *pool, const char *text)
{
    char *written = apr_palloc(pool, 2 * strlen(text) + 1), *next = written;
    for (; *text; ++text) {
        if (*text == '"' || *text == '\\') {
            *next++ = '\\';
        }
        *next++ = *text;
    }
    *next = 0;
    return written;
}

static void begin(request_rec *r, const char *name, const char *type, const char *help)
{
    ap_rprintf(r, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* ------------------------------------------------------------------------------------- backends */

static const gw_status_backend *backend_at(const gw_status *status, int index)
{
    return &APR_ARRAY_IDX(status->backends, index, gw_status_backend);
}

static void put_numbers(request_rec *r, const gw_status *status, const char *type,
                        const gw_status_number *list)
{
    for (; list->name; ++list) {
        begin(r, list->metric, type, list->help);
        for (int i = 0; i < status->backends->nelts; ++i) {
            const gw_status_backend *backend = backend_at(status, i);
            ap_rprintf(r, "%s{backend=\"%s\"} " NUMBER "\n", list->metric,
                       label(r->pool, backend->name),
                       gw_status_value(&backend->stats, list->offset));
        }
    }
}

static void put_outcomes(request_rec *r, const gw_status *status)
{
    begin(r, "gateway_requests_total", "counter", "Requests that ended, by how.");
    for (int i = 0; i < status->backends->nelts; ++i) {
        const gw_status_backend *backend = backend_at(status, i);
        for (const gw_status_number *each = gw_status_outcomes; each->name; ++each) {
            ap_rprintf(r, "gateway_requests_total{backend=\"%s\",outcome=\"%s\"} " NUMBER "\n",
                       label(r->pool, backend->name), each->name,
                       gw_status_value(&backend->stats, each->offset));
        }
    }
}

/* Each bucket counts those of the ones before too. */
static void put_buckets(request_rec *r, const gw_status_backend *backend,
                        const gw_status_times *times)
{
    const char *name = label(r->pool, backend->name);
    const uint64_t *buckets = gw_status_buckets(&backend->stats, times);
    uint64_t count = 0;
    for (int i = 0; i < GATEWAY_WAIT_BUCKETS; ++i) {
        const char *bound = i < GATEWAY_WAIT_BUCKETS - 1
                                ? apr_psprintf(r->pool, "%.3f", (double)gw_status_bounds[i] / 1e6)
                                : "+Inf";
        count += buckets[i];
        ap_rprintf(r, "%s_bucket{backend=\"%s\",le=\"%s\"} " NUMBER "\n", times->metric, name,
                   bound, count);
    }
    ap_rprintf(r, "%s_sum{backend=\"%s\"} %.6f\n%s_count{backend=\"%s\"} " NUMBER "\n",
               times->metric, name, (double)gw_status_value(&backend->stats, times->sum) / 1e6,
               times->metric, name, count);
}

static void put_failures(request_rec *r, const gw_status *status)
{
    begin(r, "gateway_last_failure_timestamp_seconds", "gauge", "When a request failed last.");
    for (int i = 0; i < status->backends->nelts; ++i) {
        const gw_status_backend *backend = backend_at(status, i);
        if (backend->failure_count) {
            ap_rprintf(r, "gateway_last_failure_timestamp_seconds{backend=\"%s\"} %.3f\n",
                       label(r->pool, backend->name), (double)backend->failures[0].time_ms / 1e3);
        }
    }
}

/* --------------------------------------------------------------------------------- applications */

typedef struct process_metric {
    const char *name;
    const char *type;
    const char *help;
    double (*value)(const gateway_process *process);
} process_metric;

static double requests_of(const gateway_process *process)
{
    return process->served;
}

static double active_of(const gateway_process *process)
{
    return process->active;
}

static double memory_of(const gateway_process *process)
{
    return (double)process->memory;
}

static double age_of(const gateway_process *process)
{
    return (double)process->age_ms / 1e3;
}

static double busy_of(const gateway_process *process)
{
    return (double)process->busy_ms / 1e3;
}

static const process_metric process_metrics[] = {
    { "gateway_process_requests_total", "counter", "Requests that a process was given.",
      requests_of },
    { "gateway_process_active_requests", "gauge", "Requests that a process runs.", active_of },
    { "gateway_process_memory_bytes", "gauge", "Memory of a process.", memory_of },
    { "gateway_process_age_seconds", "gauge", "Time since a process was started.", age_of },
    { "gateway_process_busy_seconds", "gauge", "Time of its newest request so far.", busy_of },
    { NULL }
};

static void put_process_metric(request_rec *r, const gw_status *status,
                               const process_metric *metric)
{
    begin(r, metric->name, metric->type, metric->help);
    for (int i = 0; i < status->applications->nelts; ++i) {
        const gw_status_application *application =
            &APR_ARRAY_IDX(status->applications, i, gw_status_application);
        for (int j = 0; j < application->processes->nelts; ++j) {
            const gw_status_process *each =
                &APR_ARRAY_IDX(application->processes, j, gw_status_process);
            ap_rprintf(r, "%s{application=\"%s\",generation=\"%u\",pid=\"%d\"} %.3f\n",
                       metric->name, label(r->pool, application->name), each->is.generation,
                       (int)each->is.process, metric->value(&each->is));
        }
    }
}

static int count_in(const gw_status_application *application, const char *state)
{
    int count = 0;
    for (int i = 0; i < application->processes->nelts; ++i) {
        const gw_status_process *each =
            &APR_ARRAY_IDX(application->processes, i, gw_status_process);
        count += strcmp(each->state, state) == 0;
    }
    return count;
}

static void put_processes(request_rec *r, const gw_status *status)
{
    static const char *const states[] = { "starting", "ready", "leaving", "stopping" };
    begin(r, "gateway_processes", "gauge", "Processes of an application, by what they do.");
    for (int i = 0; i < status->applications->nelts; ++i) {
        const gw_status_application *application =
            &APR_ARRAY_IDX(status->applications, i, gw_status_application);
        for (apr_size_t j = 0; j < sizeof states / sizeof *states; ++j) {
            ap_rprintf(r, "gateway_processes{application=\"%s\",state=\"%s\"} %d\n",
                       label(r->pool, application->name), states[j],
                       count_in(application, states[j]));
        }
    }
    for (const process_metric *each = process_metrics; each->name; ++each) {
        put_process_metric(r, status, each);
    }
}

void gw_status_metrics(request_rec *r, const gw_status *status)
{
    ap_set_content_type(r, "text/plain; version=0.0.4; charset=utf-8");
    begin(r, "gateway_build_info", "gauge", "The version of the library.");
    ap_rprintf(r, "gateway_build_info{version=\"%s\"} 1\n", gateway_version());
    put_outcomes(r, status);
    put_numbers(r, status, "gauge", gw_status_gauges);
    put_numbers(r, status, "counter", gw_status_counters);
    for (const gw_status_times *each = gw_status_histograms; each->name; ++each) {
        begin(r, each->metric, "histogram", each->help);
        for (int i = 0; i < status->backends->nelts; ++i) {
            put_buckets(r, backend_at(status, i), each);
        }
    }
    put_failures(r, status);
    put_processes(r, status);
}
