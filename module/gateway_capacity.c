/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GatewayCapacity: how many exchanges an application runs at once, kept to by all children. A
 * connection has a place from before it is made until mod_proxy clears its pool, which it does
 * whenever it closes the connection.
 */
#include "mod_gateway.h"

#define DEFAULT_WAIT_MS 10000
#define MOST_WAIT_S 3600
/* Of applications in shared memory. */
#define MOST_ADDRESSES 64

/* A line "GatewayCapacity ADDRESS N". */
typedef struct capacity_line {
    const char *address; /* as exchanges name it: /path or host:port */
    uint32_t exchanges;
    uint32_t queue_length;
    uint32_t wait_ms;
    uint32_t application;
} capacity_line;

/* Of the configuration that was read last. */
static apr_array_header_t *lines;

/* -------------------------------------------------------------------------------- configuration */

static apr_status_t forget_lines(void *unused)
{
    lines = NULL;
    return APR_SUCCESS;
}

/* NULL: it is right. */
static const char *number_flaw(const char *text, apr_int64_t most, uint32_t *number)
{
    return gw_number_read(text, 1, most, number) ? NULL : text;
}

/* A line that both module records have given, or that stands in several virtual hosts, counts
 * once; NULL: there is none for the address. */
static const capacity_line *line_of(const char *address)
{
    for (int i = 0; lines && i < lines->nelts; ++i) {
        const capacity_line *line = &APR_ARRAY_IDX(lines, i, capacity_line);
        if (strcmp(line->address, address) == 0) {
            return line;
        }
    }
    return NULL;
}

static const char *add_line(cmd_parms *cmd, const capacity_line *line)
{
    const capacity_line *other = line_of(line->address);
    if (other) {
        int is_same = other->exchanges == line->exchanges
            && other->queue_length == line->queue_length && other->wait_ms == line->wait_ms;
        return is_same ? NULL
                       : apr_psprintf(cmd->pool, "GatewayCapacity: %s has other numbers already",
                                      line->address);
    }
    if (!lines) {
        lines = apr_array_make(cmd->pool, 4, sizeof(capacity_line));
        apr_pool_cleanup_register(cmd->pool, NULL, forget_lines, apr_pool_cleanup_null);
    }
    APR_ARRAY_PUSH(lines, capacity_line) = *line;
    return NULL;
}

const char *gw_capacity_line(cmd_parms *cmd, void *config, int count, char *const words[])
{
    if (count < 2) {
        return "GatewayCapacity requires an address and a number";
    }
    capacity_line line = { .address = gw_address_read(cmd->pool, words[0]),
                           .wait_ms = DEFAULT_WAIT_MS };
    if (!line.address) {
        return apr_psprintf(cmd->pool,
                            "GatewayCapacity: \"%s\" is neither unix:/path nor fcgi://host:port",
                            words[0]);
    }
    const char *flaw = number_flaw(words[1], 1024, &line.exchanges);
    for (int i = 2; i < count && !flaw; ++i) {
        uint32_t seconds = 0;
        if (strncmp(words[i], "queue=", 6) == 0) {
            flaw = number_flaw(words[i] + 6, 1024, &line.queue_length);
        }
        else if (strncmp(words[i], "wait=", 5) == 0) {
            flaw = number_flaw(words[i] + 5, MOST_WAIT_S, &seconds);
            line.wait_ms = seconds * 1000;
        }
        else {
            flaw = words[i];
        }
    }
    if (flaw) {
        return apr_psprintf(cmd->pool,
                            "GatewayCapacity: \"%s\": what is wanted is a number from 1 to 1024, "
                            "queue=1..1024 and wait=1..%d (seconds)",
                            flaw, MOST_WAIT_S);
    }
    return add_line(cmd, &line);
}

int gw_capacity_fits(void)
{
    return !lines || lines->nelts <= MOST_ADDRESSES;
}

int gw_capacity_begin(server_rec *server)
{
    for (int i = 0; lines && i < lines->nelts; ++i) {
        capacity_line *line = &APR_ARRAY_IDX(lines, i, capacity_line);
        gateway_status status = gateway_shared_application(
            gw_shared, line->address, line->exchanges, line->queue_length, &line->application);
        if (status != GATEWAY_OK) {
            ap_log_error(APLOG_MARK, APLOG_EMERG, 0, server,
                         "GW1006: GatewayCapacity %s: %s: at most 64 addresses of at most 127 "
                         "bytes",
                         line->address, gateway_status_name(status));
            return HTTP_INTERNAL_SERVER_ERROR;
        }
    }
    return OK;
}

static const capacity_line *capacity_of(uint32_t application)
{
    for (int i = 0; lines && i < lines->nelts; ++i) {
        const capacity_line *line = &APR_ARRAY_IDX(lines, i, capacity_line);
        if (line->application == application) {
            return line;
        }
    }
    return NULL;
}

/* --------------------------------------------------------------------------------------- places */

void gw_place_uncount(gw_place *place)
{
    if (place->is_counted) {
        gateway_shared_add(gw_shared, place->application, 0, -1);
        place->is_counted = 0;
    }
}

/* The connection's pool is cleared: the connection is closed, or never was. */
static apr_status_t leave(void *data)
{
    gw_place *place = data;
    if (!gw_kept_remove(place)) {
        return APR_SUCCESS;
    }
    gw_place_uncount(place);
    if (place->has_place) {
        gateway_place_leave(gw_shared, place->application, place->number);
    }
    return APR_SUCCESS;
}

static gateway_status enter(gw_place *place)
{
    const capacity_line *line = capacity_of(place->application);
    if (!line) {
        return GATEWAY_OK;
    }
    place->has_place = 1;
    return gateway_place_enter(gw_shared, place->application, line->wait_ms, &place->number);
}

int gw_place_take(request_rec *r, proxy_conn_rec *conn, const char *address, gw_place **taken)
{
    gw_place *place = apr_pcalloc(conn->scpool, sizeof *place);
    place->application = gw_shared_application(address);
    apr_time_t begin = apr_time_now();
    gateway_status status = enter(place);
    if (status != GATEWAY_OK) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "GW1007: %s: GatewayCapacity is used up: overloaded (queue): %s; queue: %.1f "
                      "ms",
                      address,
                      status == GATEWAY_AGAIN ? "it waited too long for its turn"
                                              : "too many wait already",
                      (double)(apr_time_now() - begin) / 1000);
        gw_outcome_overloaded(r, conn->worker);
        return HTTP_SERVICE_UNAVAILABLE;
    }
    /* Before the descriptor is closed and may be another's. */
    apr_pool_pre_cleanup_register(conn->scpool, place, leave);
    *taken = place;
    return OK;
}

int gw_place_resume(gw_place *place)
{
    if (!gw_kept_remove(place)) {
        return 0;
    }
    gw_place_uncount(place);
    return !place->has_place
        || gateway_place_resume(gw_shared, place->application, place->number) == GATEWAY_OK;
}

int gw_place_rest(gw_place *place, const proxy_worker *worker, int descriptor)
{
    apr_interval_time_t ttl = worker->s->ttl;
    if (!place->has_place && !place->is_counted) {
        place->is_counted =
            gateway_shared_add(gw_shared, place->application, 0, 1) == GATEWAY_OK;
    }
    if (!place->has_place && !ttl) {
        return 1;
    }
    place->descriptor = descriptor;
    place->expiry = ttl ? apr_time_now() + ttl : 0;
    return gw_kept_add(place);
}
