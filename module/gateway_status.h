/* SPDX-License-Identifier: Apache-2.0 */
/* What the handler gateway-status gathers, and the forms that it is told in. */
#ifndef GATEWAY_STATUS_H
#define GATEWAY_STATUS_H

#include "mod_gateway.h"

/* An address, or a supervised application as gateway://NAME. All texts are UTF-8 without control
 * characters, and not escaped. */
typedef struct gw_status_backend {
    const char *name;
    gateway_stats stats;
    gateway_failure failures[GATEWAY_FAILURES]; /* the newest first */
    const char *messages[GATEWAY_FAILURES];     /* theirs */
    int failure_count;
} gw_status_backend;

typedef struct gw_status_process {
    gateway_process is;
    const char *state;
    const char *request; /* empty: it runs nothing */
} gw_status_process;

typedef struct gw_status_application {
    const char *name;
    gateway_stats stats;
    apr_array_header_t *processes; /* of gw_status_process */
} gw_status_application;

typedef struct gw_status {
    apr_time_t now;
    apr_array_header_t *backends;     /* of gw_status_backend */
    apr_array_header_t *applications; /* of gw_status_application */
} gw_status;

/* Numbers of a backend: their names, and where they are in gateway_stats. The last has no name. */
typedef struct gw_status_number {
    const char *name;
    apr_size_t offset;
    const char *metric;
    const char *help;
} gw_status_number;

typedef struct gw_status_times {
    const char *name;
    apr_size_t sum;
    apr_size_t longest;
    apr_size_t buckets;
    const char *metric;
    const char *help;
} gw_status_times;

extern const gw_status_number gw_status_gauges[];
extern const gw_status_number gw_status_outcomes[];
extern const gw_status_number gw_status_counters[];
extern const gw_status_times gw_status_histograms[];
/* The longest times of all buckets but the last, in microseconds. */
extern const uint64_t gw_status_bounds[GATEWAY_WAIT_BUCKETS - 1];

uint64_t gw_status_value(const gateway_stats *stats, apr_size_t offset);
const uint64_t *gw_status_buckets(const gateway_stats *stats, const gw_status_times *times);

void gw_status_page(request_rec *r, const gw_status *status);
void gw_status_json(request_rec *r, const gw_status *status);
void gw_status_metrics(request_rec *r, const gw_status *status);

#endif
