/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host whose clients hang up early: at once, while the application computes, or when the head of
 * a long answer has come. With "whole" none does.
 *
 *     hang_up ADDRESS COUNT whole|early
 */
#include "event_loop.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { IN_FLIGHT = 4, PATIENCE = 10000 };

enum kind { AT_ONCE, BEFORE_HEAD, AT_HEAD, KINDS };

struct client {
    struct flight flight;
    enum kind kind;
    uint64_t hangs_up; /* microseconds */
};

static gateway *library;
static gateway_backend *backend;
static bool is_early;
static size_t given_up, complete, others;

static void take_end(struct flight *flight, const gateway_result *result)
{
    (void)flight;
    if (result->outcome == GATEWAY_OUTCOME_CANCELLED)
        given_up++;
    else if (result->outcome == GATEWAY_OUTCOME_COMPLETE)
        complete++;
    else if (others++ == 0)
        fprintf(stderr, "hang_up: %s\n", result->message);
}

static bool stop_at_head(struct flight *flight, const gateway_event *event)
{
    return !is_early || ((struct client *)flight)->kind != AT_HEAD
           || event->type != GATEWAY_EVENT_HEAD;
}

static void begin(struct client *client, enum kind kind)
{
    static const char *queries[KINDS] = {
        "case=id&token=1", "case=sleep&ms=20", "case=down&size=200000&length=0",
    };
    struct flight *flight = &client->flight;
    if (flight->request == NULL)
        expect(gateway_request_open(backend, &flight->request) == GATEWAY_OK, "no request");
    gateway_request_clear(flight->request);
    set_param(flight->request, "REQUEST_METHOD", "GET");
    set_param(flight->request, "QUERY_STRING", queries[kind]);
    set_param(flight->request, "SCRIPT_NAME", "/contract");
    set_param(flight->request, "SERVER_NAME", "localhost");
    set_param(flight->request, "SERVER_PORT", "80");
    set_param(flight->request, "SERVER_PROTOCOL", "HTTP/1.1");
    flight->ended = take_end;
    flight->happened = stop_at_head;
    client->kind = kind;
    client->hangs_up = is_early && kind == BEFORE_HEAD ? now_us() + PATIENCE : UINT64_MAX;
    loop_begin(backend, flight);
    if (is_early && kind == AT_ONCE && flight->exchange != NULL) loop_cancel(flight);
}

static void run(struct client *clients, size_t count)
{
    for (size_t begun = 0; begun < count || loop_in_flight() > 0;) {
        for (size_t index = 0; index < IN_FLIGHT; index++) {
            struct client *client = &clients[index];
            if (client->flight.exchange == NULL && begun < count)
                begin(client, begun++ % KINDS);
            else if (client->flight.exchange != NULL && now_us() > client->hangs_up)
                loop_cancel(&client->flight);
        }
        loop_turn(1000);
        gateway_maintain(library);
    }
}

/* Waits until what was given up is read to its end, or closed. */
static void settle(void)
{
    gateway_stats stats = GATEWAY_STATS_INIT;
    do {
        gateway_maintain(library);
        usleep(1000);
        gateway_backend_stats(backend, &stats);
    } while (stats.closing > 0);
}

int main(int argument_count, char **arguments)
{
    gateway_options options = GATEWAY_OPTIONS_INIT;
    gateway_backend_options limits = GATEWAY_BACKEND_OPTIONS_INIT;
    static struct client clients[IN_FLIGHT];
    expect(argument_count == 4, "usage: hang_up ADDRESS COUNT whole|early");
    is_early = strcmp(arguments[3], "early") == 0;
    signal(SIGPIPE, SIG_IGN);
    loop_open();
    options.flags = GATEWAY_SIGPIPE_IGNORED;
    /* Nobody waits for a place: a connection would not be read to its end then. */
    limits.max_active = 100 * IN_FLIGHT;
    expect(gateway_open(&options, &library) == GATEWAY_OK, "no gateway");
    expect(gateway_backend_open(library, arguments[1], &limits, &backend) == GATEWAY_OK,
           "no backend");
    run(clients, strtoul(arguments[2], NULL, 10));
    settle();
    for (size_t index = 0; index < IN_FLIGHT; index++)
        gateway_request_close(clients[index].flight.request);
    gateway_backend_close(backend);
    gateway_close(library);
    printf("given_up %zu\ncomplete %zu\nothers %zu\n", given_up, complete, others);
    return 0;
}
