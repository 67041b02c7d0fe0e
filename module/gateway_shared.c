/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all children share, also those of before a graceful restart (gateway.h, "what processes
 * share"): the places of applications, and what became of requests. mod_status shows it.
 */
#include "mod_gateway.h"

#include <mod_status.h>

#define SHARED_KEY "mod_gateway-shared"

gateway_shared *gw_shared;

/* The memory lives as long as httpd's parent. */
int gw_shared_begin(apr_pool_t *pool, apr_pool_t *log_pool, apr_pool_t *temporary_pool,
                    server_rec *server)
{
    void *known = NULL;
    /* httpd reads its configuration twice when it starts. */
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
    apr_pool_userdata_get(&known, SHARED_KEY, server->process->pool);
    gw_shared = known;
    if (!gw_shared) {
        if (gateway_shared_open(&gw_shared) != GATEWAY_OK) {
            ap_log_error(APLOG_MARK, APLOG_EMERG, 0, server, "GW1005: there is no shared memory");
            return HTTP_INTERNAL_SERVER_ERROR;
        }
        /* Copies the key: the literal is gone when httpd unloads the module at a restart. */
        apr_pool_userdata_set(gw_shared, SHARED_KEY, NULL, server->process->pool);
    }
    return gw_capacity_begin(server);
}

uint32_t gw_shared_application(const char *address)
{
    uint32_t application;
    gateway_status status = gateway_shared_application(gw_shared, address, 0, 0, &application);
    return status == GATEWAY_OK ? application : GW_NO_APPLICATION;
}

void gw_shared_count(uint32_t application, const gateway_result *result, int is_retry)
{
    gateway_result counted = *result;
    counted.flags |= is_retry ? GATEWAY_RESULT_RETRIED : 0;
    gateway_shared_count(gw_shared, application, &counted);
}

void gw_shared_count_unconnected(const char *address, apr_status_t error)
{
    gateway_result result = GATEWAY_RESULT_INIT;
    char text[128] = "see the error log";
    result.outcome = GATEWAY_OUTCOME_CONNECT_FAILED;
    if (error != APR_SUCCESS) {
        apr_strerror(error, text, sizeof text);
    }
    apr_snprintf(result.message, sizeof result.message, "connect-failed (connect): %s", text);
    gateway_shared_count(gw_shared, gw_shared_application(address), &result);
}

static void tell(request_rec *r, const char *name, const gateway_stats *stats)
{
    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {
        { "active", stats->active },
        { "idle", stats->idle },
        { "waiting", stats->queued },
        { "complete", stats->complete },
        { "connect-failed", stats->connect_failed },
        { "timed-out", stats->timed_out },
        { "overloaded", stats->overloaded },
        { "protocol-error", stats->protocol_error },
        { "truncated", stats->truncated },
        { "cancelled", stats->cancelled },
        { "bad-request", stats->bad_request },
        { "connected", stats->connected },
        { "reused", stats->reused },
        { "retried", stats->retried },
        { "bytes-sent", stats->bytes_sent },
        { "bytes-received", stats->bytes_received },
        { "waited", stats->waited },
        { "wait-us", stats->wait_us },
        { "wait-max-us", stats->wait_max_us },
    };
    ap_rprintf(r, "GatewayBackend: %s", ap_escape_html(r->pool, name));
    for (apr_size_t i = 0; i < sizeof numbers / sizeof *numbers; ++i) {
        ap_rprintf(r, " %s=%" APR_UINT64_T_FMT, numbers[i].name, numbers[i].value);
    }
    ap_rputs("\n", r);
}

int gw_shared_status(request_rec *r, int flags)
{
    int is_page = !(flags & AP_STATUS_SHORT);
    const char *name;
    gateway_stats stats = GATEWAY_STATS_INIT;
    ap_rputs(is_page ? "<hr>\n<h2>FastCGI applications</h2>\n<pre>\n" : "", r);
    for (uint32_t i = 0; gateway_shared_stats(gw_shared, i, &name, &stats) == GATEWAY_OK; ++i) {
        tell(r, name, &stats);
    }
    ap_rputs(is_page ? "</pre>\n" : "", r);
    return OK;
}
