/* SPDX-License-Identifier: Apache-2.0 */
/* What a request waits for: the application, its client, or the time to flush. */
#include "mod_gateway.h"

#include <poll.h>

/* Where nothing tells whether a client is still there, it is looked at this often. */
#define ABORT_LOOK_MS 250
/* A client that has closed its side. */
#define GONE (POLLRDHUP | POLLHUP | POLLERR)

static int lesser(int time, int other)
{
    return time < 0 || (other >= 0 && other < time) ? other : time;
}

/* Without a deadline of its own the exchange has sent all and waits for the client's body. */
static int wants_body(const gateway_wait *due)
{
    return due->timeout_ms == GATEWAY_WAIT_FOREVER;
}

typedef struct waiting {
    struct pollfd application;
    struct pollfd client;
    int time;
} waiting;

static void await_client(gw_exchange *x, waiting *w)
{
    int watches = x->directory->cancels_on_disconnect == 1;
    if (!x->is_hungry && !watches) {
        return;
    }
    w->client.fd = gw_client_descriptor(x->r);
    if (x->is_hungry) {
        w->client.events = POLLIN;
        w->time = lesser(w->time, gw_client_patience(&x->request->body->client, x->r));
        w->time = lesser(w->time, gw_client_look_time(w->client.fd));
    }
    if (watches) {
        w->client.events |= POLLRDHUP;
        if (x->r->connection->master || w->client.fd < 0) {
            w->time = lesser(w->time, ABORT_LOOK_MS);
        }
    }
}

/* A client whose body is still being read shows by that whether it has left. */
static void notice_departure(gw_exchange *x, const waiting *w)
{
    if (x->directory->cancels_on_disconnect != 1) {
        return;
    }
    conn_rec *c = x->r->connection;
    if (!c->master && !x->is_hungry && w->client.fd >= 0 && w->client.revents & GONE) {
        c->aborted = 1;
    }
    if (c->aborted) {
        gw_give_up(x);
    }
}

static int poll_both(gw_exchange *x, waiting *w, int time)
{
    struct pollfd both[2] = { w->application, w->client };
    int count = poll(both, 2, time);
    w->client.revents = both[1].revents;
    notice_departure(x, w);
    return count;
}

/* Under flushpackets=auto what was passed on stays in httpd's buffers no longer than flushwait. */
static int flush_when_idle(gw_exchange *x, waiting *w)
{
    if (!x->is_unflushed || x->worker->s->flush_packets != flush_auto) {
        return 0;
    }
    int flush_wait = (x->worker->s->flush_wait + 999) / 1000;
    if (poll_both(x, w, lesser(w->time, flush_wait)) != 0) {
        return 1;
    }
    gw_flush(x);
    return 0;
}

/* Nobody has to be looked at meanwhile, and nothing is to be done. */
static int waits_for_application_alone(const gw_exchange *x)
{
    const gw_body *body = x->request->body;
    return (!gw_body_is_there(body) || body->is_written) && !x->is_hungry
        && x->directory->cancels_on_disconnect != 1
        && !(x->is_unflushed && x->worker->s->flush_packets == flush_auto);
}

void gw_wait(gw_exchange *x)
{
    if (waits_for_application_alone(x)) {
        gateway_exchange_block(x->handle, GATEWAY_WAIT_FOREVER);
        return;
    }
    gateway_wait due = GATEWAY_WAIT_INIT;
    if (gateway_exchange_wait(x->handle, &due) != GATEWAY_OK) {
        return;
    }
    if (wants_body(&due) && !x->is_hungry) {
        x->is_hungry = 1;
        return;
    }
    /* An answer that is there does not wait for the client's body. */
    if (x->is_hungry && x->is_unflushed) {
        gw_flush(x);
    }
    waiting w = { .application = { .fd = due.interest ? due.descriptor : -1 },
                  .client = { .fd = -1 },
                  .time = wants_body(&due) ? -1 : (int)due.timeout_ms };
    w.application.events |= due.interest & GATEWAY_WAIT_READ ? POLLIN : 0;
    w.application.events |= due.interest & GATEWAY_WAIT_WRITE ? POLLOUT : 0;
    await_client(x, &w);
    if (!x->is_output_broken && !flush_when_idle(x, &w) && !x->is_output_broken) {
        poll_both(x, &w, w.time);
    }
}
