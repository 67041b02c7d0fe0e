/* SPDX-License-Identifier: Apache-2.0 */
/* GatewayServerTiming: where the time went, as browsers show it (W3C Server Timing). */
#include "mod_gateway.h"

#define FORMAT "queue;dur=%.3f, connect;dur=%.3f, ttfb;dur=%.3f, total;dur=%.3f"

static double milliseconds(apr_interval_time_t time)
{
    return (double)time / 1000;
}

void gw_timing_tell(const gw_exchange *x)
{
    if (x->directory->tells_timing != 1) {
        return;
    }
    request_rec *r = x->r;
    const gw_request *request = x->request;
    gateway_result now = GATEWAY_RESULT_INIT;
    gateway_exchange_result(x->handle, &now);
    apr_interval_time_t queue = request->queue_time;
    apr_interval_time_t connect = request->connect_time;
    /* On a connection of the library's its times begin with the queue. */
    if (request->application) {
        queue = (apr_interval_time_t)now.queued_us;
        connect = (apr_interval_time_t)now.connected_us - queue;
        now.first_byte_us -= now.connected_us;
    }
    /* Beside what the application says of itself. */
    apr_table_mergen(r->err_headers_out, "Server-Timing",
                     apr_psprintf(r->pool, FORMAT, milliseconds(queue), milliseconds(connect),
                                  (double)now.first_byte_us / 1000,
                                  milliseconds(apr_time_now() - r->request_time)));
}
