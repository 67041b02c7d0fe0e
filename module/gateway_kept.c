/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections of this child that are kept without an exchange. One that another child needs the
 * place of, or whose time to live is over, is shut down by the child's maintenance thread: the
 * application sees its end at once. mod_proxy finds that out, and closes the descriptor, when it
 * takes the connection from its pool again.
 */
#include "mod_gateway.h"

#include <apr_thread_mutex.h>
#include <apr_thread_proc.h>
#include <sys/socket.h>

/* The longest that the thread sleeps: connections are closed within this after their time. */
#define MAINTENANCE_MS 500

/* Of this child. */
static struct {
    apr_pool_t *pool;
    apr_thread_mutex_t *mutex;
    apr_thread_t *thread;
    gw_place *kept;
    int ends;
} child;

/* One at an application, or one whose time is over; it is not kept any more. */
static gw_place *take(uint32_t application, apr_time_t now)
{
    for (gw_place **each = &child.kept; *each; each = &(*each)->next) {
        gw_place *found = *each;
        int is_over = now && found->expiry && found->expiry <= now;
        if (is_over || (found->has_place && found->application == application)) {
            *each = found->next;
            return found;
        }
    }
    return NULL;
}

static void shut_down(gw_place *place)
{
    shutdown(place->descriptor, SHUT_RDWR);
    gw_place_uncount(place);
    if (place->has_place) {
        gateway_place_leave(gw_shared, place->application, place->number);
    }
    place->is_left = 1;
}

static void *APR_THREAD_FUNC maintain(apr_thread_t *thread, void *unused)
{
    int ends = 0;
    while (!ends) {
        uint32_t application;
        gateway_status asked = gateway_place_asked(gw_shared, MAINTENANCE_MS, &application);
        apr_thread_mutex_lock(child.mutex);
        gw_place *place = asked == GATEWAY_OK ? take(application, 0) : NULL;
        if (place) {
            shut_down(place);
        }
        while ((place = take(GW_NO_APPLICATION, apr_time_now())) != NULL) {
            shut_down(place);
        }
        ends = child.ends;
        apr_thread_mutex_unlock(child.mutex);
        if (asked == GATEWAY_OK) {
            /* The place may be that of a connection that drains. */
            gw_library_maintain();
        }
    }
    return NULL;
}

static apr_status_t child_end(void *unused)
{
    apr_status_t ended;
    apr_thread_mutex_lock(child.mutex);
    child.ends = 1;
    apr_thread_mutex_unlock(child.mutex);
    if (child.thread) {
        gateway_shared_wake(gw_shared);
        apr_thread_join(&ended, child.thread);
    }
    return APR_SUCCESS;
}

void gw_kept_begin(apr_pool_t *pool, server_rec *server)
{
    child.pool = pool;
    apr_thread_mutex_create(&child.mutex, APR_THREAD_MUTEX_DEFAULT, pool);
    apr_pool_pre_cleanup_register(pool, NULL, child_end);
}

/* Not before there is something to maintain. The child's mutex is held. */
static void begin_thread(void)
{
    if (!child.thread && !child.ends) {
        apr_thread_create(&child.thread, NULL, maintain, NULL, child.pool);
    }
}

void gw_kept_watch(void)
{
    apr_thread_mutex_lock(child.mutex);
    begin_thread();
    apr_thread_mutex_unlock(child.mutex);
}

int gw_kept_add(gw_place *place)
{
    apr_thread_mutex_lock(child.mutex);
    int is_kept = !place->has_place
        || gateway_place_rest(gw_shared, place->application, place->number) == GATEWAY_OK;
    if (is_kept) {
        place->next = child.kept;
        child.kept = place;
    }
    if (is_kept) {
        begin_thread();
    }
    apr_thread_mutex_unlock(child.mutex);
    return is_kept;
}

int gw_kept_remove(gw_place *place)
{
    apr_thread_mutex_lock(child.mutex);
    gw_place **each = &child.kept;
    while (*each && *each != place) {
        each = &(*each)->next;
    }
    if (*each) {
        *each = place->next;
    }
    int is_left = place->is_left;
    apr_thread_mutex_unlock(child.mutex);
    return !is_left;
}
