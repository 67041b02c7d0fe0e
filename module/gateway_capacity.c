/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many exchanges an application runs at once: GatewayCapacity, kept to by all children together
 * (gateway.h, "capacity that processes share"). A connection has a place from before it is made
 * until its pool is cleared, which mod_proxy does whenever it closes it.
 *
 * A kept connection that another child needs the place of, or whose time to live is over, is shut
 * down by this child's maintenance thread: the application sees its end at once. mod_proxy finds
 * that out, and closes the descriptor, when it takes the connection from its pool again.
 */
#include "mod_gateway.h"

#include <apr_thread_mutex.h>
#include <apr_thread_proc.h>
#include <mod_status.h>
#include <sys/socket.h>

#define CAPACITY_KEY "mod_gateway-capacity"
#define DEFAULT_WAIT_MS 10000
#define MOST_WAIT_S 3600
/* The longest that the thread sleeps: connections are closed within this after their time. */
#define MAINTENANCE_MS 500

/* A line "GatewayCapacity ADDRESS N". */
struct gw_capacity {
    const char *address; /* as gw_exchange names it: /path or host:port */
    uint32_t exchanges;
    uint32_t queue_length;
    uint32_t wait_ms;
    uint32_t application;
};

/* Of the configuration that was read last. */
static apr_array_header_t *lines;
static gateway_capacity *shared;

/* A connection of this child's and the place that it takes, if its application has a capacity. */
struct gw_place {
    const gw_capacity *capacity;
    uint32_t number;
    int descriptor;
    apr_time_t expiry; /* 0: never */
    unsigned is_left : 1;
    gw_place *next;    /* among those that are kept without an exchange */
};

/* Of this child. */
static struct {
    apr_pool_t *pool;
    apr_thread_mutex_t *mutex;
    apr_thread_t *thread;
    gw_place *kept;
    int ends;
} child;

/* -------------------------------------------------------------------------------- configuration */

static apr_status_t forget_lines(void *unused)
{
    lines = NULL;
    return APR_SUCCESS;
}

/* The address in the words of ProxyPass: unix:/path, unix:/path|fcgi://name, fcgi://host:port. */
static const char *read_address(apr_pool_t *pool, const char *text)
{
    if (ap_cstr_casecmpn(text, "unix:", 5) == 0) {
        text += 5;
    }
    if (*text == '/') {
        return apr_pstrmemdup(pool, text, strcspn(text, "|"));
    }
    apr_uri_t uri;
    if (apr_uri_parse(pool, text, &uri) != APR_SUCCESS || !uri.scheme || !uri.hostname
        || ap_cstr_casecmp(uri.scheme, "fcgi") != 0) {
        return NULL;
    }
    return apr_psprintf(pool, "%s:%d", uri.hostname, uri.port_str ? (int)uri.port : 8000);
}

static const char *read_number(const char *text, apr_int64_t least, apr_int64_t most,
                               uint32_t *number)
{
    char *end;
    apr_int64_t value = apr_strtoi64(text, &end, 10);
    if (end == text || *end || value < least || value > most) {
        return text;
    }
    *number = (uint32_t)value;
    return NULL;
}

const char *gw_capacity_line(cmd_parms *cmd, void *config, int count, char *const words[])
{
    if (count < 2) {
        return "GatewayCapacity requires an address and a number";
    }
    gw_capacity line = { .address = read_address(cmd->pool, words[0]), .wait_ms = DEFAULT_WAIT_MS };
    if (!line.address) {
        return apr_psprintf(cmd->pool,
                            "GatewayCapacity: \"%s\" is neither unix:/path nor fcgi://host:port",
                            words[0]);
    }
    const char *flaw = read_number(words[1], 1, 1024, &line.exchanges);
    for (int i = 2; i < count && !flaw; ++i) {
        uint32_t seconds = 0;
        if (strncmp(words[i], "queue=", 6) == 0) {
            flaw = read_number(words[i] + 6, 1, 1024, &line.queue_length);
        }
        else if (strncmp(words[i], "wait=", 5) == 0) {
            flaw = read_number(words[i] + 5, 1, MOST_WAIT_S, &seconds);
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
    if (!lines) {
        lines = apr_array_make(cmd->pool, 4, sizeof(gw_capacity));
        apr_pool_cleanup_register(cmd->pool, NULL, forget_lines, apr_pool_cleanup_null);
    }
    APR_ARRAY_PUSH(lines, gw_capacity) = line;
    return NULL;
}

/* The memory lives as long as httpd's parent: children of before a graceful restart go on with it
 * beside the new ones. */
int gw_capacity_begin(apr_pool_t *pool, apr_pool_t *log_pool, apr_pool_t *temporary_pool,
                      server_rec *server)
{
    void *known = NULL;
    if (!lines || ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
    apr_pool_userdata_get(&known, CAPACITY_KEY, server->process->pool);
    shared = known;
    if (!shared) {
        if (gateway_capacity_open(&shared) != GATEWAY_OK) {
            ap_log_error(APLOG_MARK, APLOG_EMERG, 0, server,
                         "GW1005: there is no shared memory for GatewayCapacity");
            return HTTP_INTERNAL_SERVER_ERROR;
        }
        apr_pool_userdata_setn(shared, CAPACITY_KEY, NULL, server->process->pool);
    }
    for (int i = 0; i < lines->nelts; ++i) {
        gw_capacity *line = &APR_ARRAY_IDX(lines, i, gw_capacity);
        gateway_status status = gateway_capacity_application(
            shared, line->address, line->exchanges, line->queue_length, &line->application);
        if (status != GATEWAY_OK) {
            ap_log_error(APLOG_MARK, APLOG_EMERG, 0, server,
                         "GW1006: GatewayCapacity %s: %s: at most 32 addresses of at most 127 "
                         "bytes",
                         line->address, gateway_status_name(status));
            return HTTP_INTERNAL_SERVER_ERROR;
        }
    }
    return OK;
}

static const gw_capacity *capacity_of(const char *address)
{
    for (int i = 0; lines && i < lines->nelts; ++i) {
        const gw_capacity *line = &APR_ARRAY_IDX(lines, i, gw_capacity);
        if (strcmp(line->address, address) == 0) {
            return line;
        }
    }
    return NULL;
}

/* --------------------------------------------------------------------------- the child's thread */

/* A kept connection of an application, or the first whose time is over; it is not kept any more. */
static gw_place *take_kept(const gw_capacity *capacity, apr_time_t now)
{
    for (gw_place **each = &child.kept; *each; each = &(*each)->next) {
        gw_place *found = *each;
        int is_over = now && found->expiry && found->expiry <= now;
        if (is_over || (capacity && found->capacity == capacity)) {
            *each = found->next;
            return found;
        }
    }
    return NULL;
}

static void shut_down(gw_place *place)
{
    shutdown(place->descriptor, SHUT_RDWR);
    if (place->capacity) {
        gateway_capacity_leave(shared, place->capacity->application, place->number);
    }
    place->is_left = 1;
}

static void give_back(uint32_t application)
{
    for (int i = 0; i < lines->nelts; ++i) {
        const gw_capacity *line = &APR_ARRAY_IDX(lines, i, gw_capacity);
        gw_place *place = line->application == application ? take_kept(line, 0) : NULL;
        if (place) {
            shut_down(place);
            return;
        }
    }
}

static void *APR_THREAD_FUNC maintain(apr_thread_t *thread, void *unused)
{
    for (;;) {
        uint32_t application;
        gateway_status asked = GATEWAY_AGAIN;
        if (shared) {
            asked = gateway_capacity_asked(shared, MAINTENANCE_MS, &application);
        }
        else {
            apr_sleep(apr_time_from_msec(MAINTENANCE_MS));
        }
        apr_thread_mutex_lock(child.mutex);
        if (child.ends) {
            break;
        }
        if (asked == GATEWAY_OK) {
            give_back(application);
        }
        gw_place *over;
        while ((over = take_kept(NULL, apr_time_now())) != NULL) {
            shut_down(over);
        }
        apr_thread_mutex_unlock(child.mutex);
    }
    apr_thread_mutex_unlock(child.mutex);
    return NULL;
}

static apr_status_t child_end(void *unused)
{
    apr_status_t ended;
    apr_thread_mutex_lock(child.mutex);
    child.ends = 1;
    child.kept = NULL;
    apr_thread_t *thread = child.thread;
    apr_thread_mutex_unlock(child.mutex);
    if (thread) {
        gateway_capacity_wake(shared);
        apr_thread_join(&ended, thread);
    }
    return APR_SUCCESS;
}

void gw_capacity_child(apr_pool_t *pool, server_rec *server)
{
    child.pool = pool;
    apr_thread_mutex_create(&child.mutex, APR_THREAD_MUTEX_DEFAULT, pool);
    apr_pool_pre_cleanup_register(pool, NULL, child_end);
}

/* Not before there is something to maintain. Under the mutex. */
static void start_thread(void)
{
    if (!child.thread && !child.ends) {
        apr_thread_create(&child.thread, NULL, maintain, NULL, child.pool);
    }
}

/* --------------------------------------------------------------------------------------- places */

static void forget(gw_place *place)
{
    gw_place **each = &child.kept;
    while (*each && *each != place) {
        each = &(*each)->next;
    }
    if (*each) {
        *each = place->next;
    }
}

/* The connection's pool is cleared: the connection is closed, or never was. */
static apr_status_t leave(void *data)
{
    gw_place *place = data;
    apr_thread_mutex_lock(child.mutex);
    forget(place);
    int is_left = place->is_left;
    place->is_left = 1;
    apr_thread_mutex_unlock(child.mutex);
    if (!is_left && place->capacity) {
        gateway_capacity_leave(shared, place->capacity->application, place->number);
    }
    return APR_SUCCESS;
}

static gateway_status take(proxy_conn_rec *conn, const char *address, gw_place **taken)
{
    const gw_capacity *capacity = capacity_of(address);
    gw_place *place = apr_pcalloc(conn->scpool, sizeof *place);
    place->capacity = capacity;
    if (capacity) {
        gateway_status status = gateway_capacity_enter(shared, capacity->application,
                                                       capacity->wait_ms, &place->number);
        if (status != GATEWAY_OK) {
            return status;
        }
    }
    /* Before the descriptor is closed and may be another's. */
    apr_pool_pre_cleanup_register(conn->scpool, place, leave);
    *taken = place;
    return GATEWAY_OK;
}

int gw_place_take(request_rec *r, proxy_conn_rec *conn, const char *address, gw_place **taken)
{
    gateway_status status = take(conn, address, taken);
    if (status != GATEWAY_OK) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "GW1007: %s: GatewayCapacity is used up: %s",
                      address,
                      status == GATEWAY_AGAIN ? "it waited too long for its turn"
                                              : "too many wait already");
        gw_outcome_overloaded(r, conn->worker);
        return HTTP_SERVICE_UNAVAILABLE;
    }
    return OK;
}

int gw_place_resume(gw_place *place)
{
    apr_thread_mutex_lock(child.mutex);
    forget(place);
    int is_usable = !place->is_left;
    apr_thread_mutex_unlock(child.mutex);
    if (!is_usable || !place->capacity) {
        return is_usable;
    }
    return gateway_capacity_resume(shared, place->capacity->application, place->number)
           == GATEWAY_OK;
}

int gw_place_rest(gw_place *place, const proxy_worker *worker, int descriptor)
{
    const gw_capacity *capacity = place->capacity;
    apr_interval_time_t ttl = worker->s->ttl;
    if (!capacity && !ttl) {
        return 1;
    }
    place->descriptor = descriptor;
    place->expiry = ttl ? apr_time_now() + ttl : 0;
    apr_thread_mutex_lock(child.mutex);
    /* Known to the thread before another child can ask for it. */
    place->next = child.kept;
    child.kept = place;
    start_thread();
    int is_kept = !capacity
        || gateway_capacity_rest(shared, capacity->application, place->number) == GATEWAY_OK;
    if (!is_kept) {
        forget(place);
    }
    apr_thread_mutex_unlock(child.mutex);
    return is_kept;
}

/* ----------------------------------------------------------------------------------- mod_status */

int gw_capacity_status(request_rec *r, int flags)
{
    int is_short = (flags & AP_STATUS_SHORT) != 0;
    if (!lines || !shared) {
        return DECLINED;
    }
    ap_rputs(is_short ? "" : "<hr>\n<h2>Capacity of FastCGI applications</h2>\n<pre>\n", r);
    for (int i = 0; i < lines->nelts; ++i) {
        const gw_capacity *line = &APR_ARRAY_IDX(lines, i, gw_capacity);
        gateway_place_stats now = GATEWAY_PLACE_STATS_INIT;
        gateway_capacity_stats(shared, line->application, &now);
        ap_rprintf(r,
                   "GatewayCapacity: %s capacity=%u active=%u idle=%u waiting=%u admitted=%"
                   APR_UINT64_T_FMT " waited=%" APR_UINT64_T_FMT " overloaded=%" APR_UINT64_T_FMT
                   "\n",
                   ap_escape_html(r->pool, line->address), now.capacity, now.active, now.idle,
                   now.waiting, now.admitted, now.waited, now.overloaded);
    }
    ap_rputs(is_short ? "" : "</pre>\n", r);
    return OK;
}
