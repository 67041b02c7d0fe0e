/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host whose requests end in every way: complete, given up before the answer, within it and in
 * the queue, refused by the application's address, refused by the queue, timed out; in one thread,
 * most of them never blocking. The library is opened, used and closed for a few first, and then
 * for COUNT: the program tells what it holds more after the second time than after the first.
 *
 *     mixed_outcomes ADDRESS NOBODY COUNT
 */
#include "event_loop.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { IN_FLIGHT = 96, WARM_UP = 1000, PATIENCE_MS = 15 };

enum kind { COMPLETE, BLOCKING, BEFORE_HEAD, AT_HEAD, IN_QUEUE, FULL, REFUSED, TIMED_OUT, KINDS };

struct mixed {
    struct flight flight;
    enum kind kind;
};

static gateway *library;
static gateway_backend *backends[KINDS];
static size_t wrong, ends[9];

static void take_end(struct flight *flight, const gateway_result *result)
{
    static const gateway_outcome expected[KINDS] = {
        GATEWAY_OUTCOME_COMPLETE, GATEWAY_OUTCOME_COMPLETE, GATEWAY_OUTCOME_CANCELLED,
        GATEWAY_OUTCOME_CANCELLED, GATEWAY_OUTCOME_CANCELLED, GATEWAY_OUTCOME_COMPLETE,
        GATEWAY_OUTCOME_CONNECT_FAILED, GATEWAY_OUTCOME_TIMED_OUT,
    };
    enum kind kind = ((struct mixed *)flight)->kind;
    bool is_full = kind == FULL && result->outcome == GATEWAY_OUTCOME_OVERLOADED;
    ends[result->outcome]++;
    if (result->outcome == expected[kind] || is_full) return;
    if (wrong++ == 0)
        fprintf(stderr, "mixed_outcomes: kind %d: %s, %s\n", kind,
                gateway_outcome_name(result->outcome), result->message);
}

static bool stop_at_head(struct flight *flight, const gateway_event *event)
{
    return ((struct mixed *)flight)->kind != AT_HEAD || event->type != GATEWAY_EVENT_HEAD;
}

static void begin(struct mixed *mixed, enum kind kind)
{
    gateway_result result = GATEWAY_RESULT_INIT;
    struct flight *flight = &mixed->flight;
    if (flight->request == NULL)
        expect(gateway_request_open(backends[COMPLETE], &flight->request) == GATEWAY_OK,
               "no request");
    gateway_request_clear(flight->request);
    set_param(flight->request, "REQUEST_METHOD", "GET");
    /* Far longer than a busy machine can be late for the deadline. */
    if (kind == TIMED_OUT) set_param(flight->request, "MS", "500");
    mixed->kind = kind;
    flight->ended = take_end;
    flight->happened = stop_at_head;
    if (kind == BLOCKING) {
        gateway_handle(backends[kind], flight->request, NULL, NULL, NULL, &result);
        take_end(flight, &result);
        return;
    }
    loop_begin(backends[kind], flight);
    if ((kind == BEFORE_HEAD || kind == IN_QUEUE) && flight->exchange != NULL) loop_cancel(flight);
}

static void run(struct mixed *all, size_t count)
{
    for (size_t begun = 0; begun < count || loop_in_flight() > 0;) {
        for (size_t index = 0; index < IN_FLIGHT && begun < count; index++)
            if (all[index].flight.exchange == NULL) begin(&all[index], begun++ % KINDS);
        loop_turn(begun < count ? 1000 : 100000);
        gateway_maintain(library);
    }
}

/* Waits until the connections of what was given up are closed. */
static void settle(void)
{
    gateway_stats stats = GATEWAY_STATS_INIT;
    uint64_t limit = now_us() + 15000000;
    for (size_t kind = 0; kind < KINDS; kind++)
        do {
            gateway_maintain(library);
            usleep(1000);
            gateway_backend_stats(backends[kind], &stats);
            expect(now_us() < limit, "connections are not closed in 15 s");
        } while (stats.closing > 0 || stats.active > 0);
}

static void open_backends(const char *address, const char *nobody)
{
    for (size_t kind = 0; kind < KINDS; kind++) {
        gateway_backend_options limits = GATEWAY_BACKEND_OPTIONS_INIT;
        limits.flags = GATEWAY_BACKEND_KEEP_CONNECTIONS;
        limits.io_buffer_size = 16384;
        if (kind == IN_QUEUE) limits.max_active = 1;
        if (kind == FULL) limits.max_active = limits.queue_length = 1;
        if (kind == TIMED_OUT) limits.head_timeout_ms = PATIENCE_MS;
        expect(gateway_backend_open(library, kind == REFUSED ? nobody : address, &limits,
                                    &backends[kind]) == GATEWAY_OK, "no backend");
    }
}

static void close_all(struct mixed *all)
{
    for (size_t index = 0; index < IN_FLIGHT; index++) {
        gateway_request_close(all[index].flight.request);
        all[index].flight.request = NULL;
    }
    for (size_t kind = 0; kind < KINDS; kind++) gateway_backend_close(backends[kind]);
    gateway_close(library);
}

/* From opening the library to closing it. */
static void live(char **arguments, size_t count)
{
    static struct mixed all[IN_FLIGHT];
    gateway_options options = GATEWAY_OPTIONS_INIT;
    options.flags = GATEWAY_SIGPIPE_IGNORED;
    expect(gateway_open(&options, &library) == GATEWAY_OK, "no gateway");
    open_backends(arguments[1], arguments[2]);
    run(all, count);
    settle();
    close_all(all);
}

int main(int argument_count, char **arguments)
{
    size_t descriptors, resident, used;
    expect(argument_count == 4, "usage: mixed_outcomes ADDRESS NOBODY COUNT");
    signal(SIGPIPE, SIG_IGN);
    loop_open();
    descriptors = open_descriptors();
    live(arguments, WARM_UP);
    memset(ends, 0, sizeof ends);
    malloc_trim(0);
    resident = resident_kib();
    used = mallinfo2().uordblks;
    live(arguments, strtoul(arguments[3], NULL, 10));
    printf("heap %zd\n", (ssize_t)mallinfo2().uordblks - (ssize_t)used);
    malloc_trim(0);
    printf("resident %zd\n", (ssize_t)resident_kib() - (ssize_t)resident);
    printf("descriptors %zd\n", (ssize_t)open_descriptors() - (ssize_t)descriptors);
    printf("wrong %zu\ncomplete %zu\ncancelled %zu\n", wrong, ends[GATEWAY_OUTCOME_COMPLETE],
           ends[GATEWAY_OUTCOME_CANCELLED]);
    printf("timed_out %zu\nrefused %zu\noverloaded %zu\n", ends[GATEWAY_OUTCOME_TIMED_OUT],
           ends[GATEWAY_OUTCOME_CONNECT_FAILED], ends[GATEWAY_OUTCOME_OVERLOADED]);
    return 0;
}
