/* SPDX-License-Identifier: Apache-2.0 */
/* mod_proxy's connections: how long connecting may take, and what is remembered of them. */
#include "mod_gateway.h"

#include <apr_portable.h>
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

apr_interval_time_t gw_timeout(const request_rec *r, const proxy_worker *worker,
                               const proxy_server_conf *conf)
{
    return worker->s->timeout_set ? worker->s->timeout
           : conf->timeout_set    ? conf->timeout
                                  : r->server->timeout;
}

static apr_interval_time_t connect_timeout(const request_rec *r, const proxy_worker *worker,
                                           const proxy_server_conf *conf)
{
    return worker->s->conn_timeout_set ? worker->s->conn_timeout : gw_timeout(r, worker, conf);
}

/* SO_SNDTIMEO, SO_RCVTIMEO. */
static int set_timeout(int descriptor, int option, apr_interval_time_t time)
{
    struct timeval value = { apr_time_sec(time), apr_time_usec(time) };
    return setsockopt(descriptor, SOL_SOCKET, option, &value, sizeof value);
}

/* A blocking connect with a send timeout: the kernel then keeps those who wait for a full backlog
 * in a queue, where a non-blocking one would have to try again and again. */
static apr_status_t connect_within(int descriptor, const char *path, apr_interval_time_t limit)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t length = strlen(path);
    if (length >= sizeof address.sun_path) {
        return APR_FROM_OS_ERROR(ENAMETOOLONG);
    }
    memcpy(address.sun_path, path, length + 1);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);

    apr_time_t deadline = apr_time_now() + limit;
    for (apr_interval_time_t left = limit;; left = deadline - apr_time_now()) {
        if (limit > 0) {
            if (left <= 0) {
                return APR_TIMEUP;
            }
            set_timeout(descriptor, SO_SNDTIMEO, left);
        }
        if (connect(descriptor, (struct sockaddr *)&address, size) == 0 || errno == EISCONN) {
            return APR_SUCCESS;
        }
        if (errno == EAGAIN || errno == EINPROGRESS) {
            return APR_TIMEUP;
        }
        if (errno != EINTR) {
            return APR_FROM_OS_ERROR(errno);
        }
    }
}

/* As mod_proxy does after it failed to connect. */
static void put_in_error(const request_rec *r, proxy_worker *worker)
{
    if (worker->s->status & PROXY_WORKER_IGNORE_ERRORS) {
        return;
    }
    worker->s->error_time = apr_time_now();
    worker->s->status |= PROXY_WORKER_IN_ERROR;
    ap_log_error(APLOG_MARK, APLOG_ERR, 0, r->server,
                 APLOGNO(00959) "ap_proxy_connect_backend disabling worker for (%s:%d) for %"
                 APR_TIME_T_FMT "s",
                 worker->s->hostname_ex, (int)worker->s->port, apr_time_sec(worker->s->retry));
}

/* mod_proxy's own way to a Unix socket knows no deadline. */
static apr_status_t connect_unix(request_rec *r, proxy_worker *worker, proxy_server_conf *conf,
                                 proxy_conn_rec *conn)
{
    apr_socket_t *fresh;
    apr_os_sock_t descriptor;
    apr_status_t status = apr_socket_create(&fresh, AF_UNIX, SOCK_STREAM, 0, conn->scpool);
    if (status == APR_SUCCESS) {
        apr_os_sock_get(&descriptor, fresh);
        status = connect_within(descriptor, conn->uds_path, connect_timeout(r, worker, conf));
        if (status != APR_SUCCESS) {
            apr_socket_close(fresh);
        }
    }
    if (status != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, status, r->server,
                     APLOGNO(02454) GW_SCHEME
                     ": attempt to connect to Unix domain socket %s (%s:%hu) failed",
                     conn->uds_path, conn->hostname, conn->port);
        put_in_error(r, worker);
        return status;
    }
    conn->connection = NULL;
    conn->sock = fresh;
    worker->s->error_time = 0;
    worker->s->retries = 0;
    return APR_SUCCESS;
}

/* With bounds of its own a blocking socket needs no poll(2) before each call: a Unix socket is one
 * already, and of a kept TCP socket one is made once and for all its exchanges. */
static void remember(const request_rec *r, const proxy_worker *worker,
                     const proxy_server_conf *conf, proxy_conn_rec *conn, gw_place *place)
{
    gw_connection *known = apr_pcalloc(conn->scpool, sizeof *known);
    apr_interval_time_t timeout = gw_timeout(r, worker, conf);
    /* By connect_within. */
    int is_send_bounded = conn->uds_path && connect_timeout(r, worker, conf) == timeout;
    if (timeout > 0 && !conn->close) {
        apr_socket_timeout_set(conn->sock, -1);
    }
    apr_os_sock_get(&known->descriptor, conn->sock);
    apr_socket_opt_get(conn->sock, APR_SO_NONBLOCK, &known->is_nonblocking);
    if (timeout > 0 && !known->is_nonblocking
        && (is_send_bounded || set_timeout(known->descriptor, SO_SNDTIMEO, timeout) == 0)
        && set_timeout(known->descriptor, SO_RCVTIMEO, timeout) == 0) {
        known->timeout_ms = gw_milliseconds(timeout);
    }
    known->place = place;
    conn->data = known;
}

/* Closes a kept connection, as mod_proxy itself does with a dead one. */
static void drop(proxy_conn_rec *conn)
{
    conn->sock = NULL;
    conn->tmp_bb = NULL;
    conn->connection = NULL;
    conn->ssl_hostname = NULL;
    apr_pool_clear(conn->scpool);
}

/* Of TCP mod_proxy's line before tells the error. */
static void log_unconnected(request_rec *r, apr_status_t error, const char *name,
                            const char *address, apr_interval_time_t time)
{
    ap_log_rerror(APLOG_MARK, APLOG_ERR, error, r,
                  APLOGNO(01079) "failed to make connection to backend: %s: %s (connect): %s; 0 "
                  "bytes sent, 0 received; queue: %.1f ms, connect: %.1f ms",
                  name, APR_STATUS_IS_TIMEUP(error) ? "timed-out" : "connect-failed", address,
                  (double)gw_request_of(r)->queue_time / 1000, (double)time / 1000);
}

/* Whether a kept connection is there and nothing has come on it. To mod_proxy one is as good where
 * the application has sent what nobody asked for, which would be read as the next answer. */
static apr_status_t check_kept(request_rec *r, proxy_conn_rec *conn)
{
    if (!conn->sock || !PROXY_WORKER_IS_USABLE(conn->worker)) {
        return ap_proxy_check_connection(GW_SCHEME, conn, r->server, 0, PROXY_CHECK_CONN_EMPTY);
    }
    int descriptor = ((const gw_connection *)conn->data)->descriptor;
    struct pollfd kept = { .fd = descriptor, .events = POLLIN };
    return poll(&kept, 1, 0) == 0 ? APR_SUCCESS : APR_ENOTEMPTY;
}

int gw_connect(request_rec *r, proxy_worker *worker, proxy_server_conf *conf, proxy_conn_rec *conn,
               const char *address, int *reused)
{
    gw_place *place;
    apr_status_t state = check_kept(r, conn);
    *reused = state == APR_SUCCESS && gw_place_resume(((gw_connection *)conn->data)->place);
    if (*reused) {
        return OK;
    }
    if (conn->sock) {
        drop(conn);
    }
    apr_time_t begin = apr_time_now();
    int status = gw_place_take(r, conn, address, &place);
    apr_time_t admitted = apr_time_now();
    apr_status_t error = APR_SUCCESS;
    gw_request_of(r)->queue_time = admitted - begin;
    if (status != OK) {
        return status;
    }
    if (conn->uds_path && state != APR_EINVAL) {
        error = connect_unix(r, worker, conf, conn);
    }
    else {
        status = ap_proxy_connect_backend(GW_SCHEME, conn, worker, r->server);
    }
    if (error != APR_SUCCESS || status != OK) {
        log_unconnected(r, error, conn->hostname, address, apr_time_now() - admitted);
        gw_shared_count_unconnected(address, error);
        return HTTP_SERVICE_UNAVAILABLE;
    }
    remember(r, worker, conf, conn, place);
    return OK;
}

int gw_rest(proxy_conn_rec *conn)
{
    gw_connection *known = conn->data;
    return conn->sock && ap_proxy_connection_reusable(conn)
        && gw_place_rest(known->place, conn->worker, known->descriptor);
}
