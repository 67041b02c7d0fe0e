/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host whose requests wait for their turn at a backend that has a limit.
 *
 *     waiting_line ADDRESS threads WAITERS ROUNDS ACTIVE   blocking, WAITERS threads
 *     waiting_line ADDRESS loop WAITERS ROUNDS ACTIVE      the same in one thread, never blocking
 *     waiting_line ADDRESS threads-in-order WAITERS        each comes when the one before waits
 *     waiting_line ADDRESS loop-in-order WAITERS
 *     waiting_line ADDRESS full QUEUE                      one more than the queue has room for
 */
#include "event_loop.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct waiter {
    struct flight flight;
    pthread_t thread;
    size_t rounds;
};

static gateway *library;
static gateway_backend *backend;
static struct waiter *waiters;
static size_t waiter_count;
static atomic_size_t completed, overloaded, lost;

static void take_end(struct flight *flight, const gateway_result *result)
{
    (void)flight;
    if (result->outcome == GATEWAY_OUTCOME_COMPLETE)
        completed++;
    else if (result->outcome == GATEWAY_OUTCOME_OVERLOADED)
        overloaded++;
    else if (lost++ == 0)
        fprintf(stderr, "waiting_line: lost: %s\n", result->message);
}

/* A token of 0 is none. */
static gateway_request *make_request(const char *milliseconds, size_t token)
{
    gateway_request *request;
    char text[32];
    snprintf(text, sizeof text, "%zu", token);
    expect(gateway_request_open(backend, &request) == GATEWAY_OK, "no request");
    set_param(request, "REQUEST_METHOD", "GET");
    set_param(request, "MS", milliseconds);
    set_param(request, "TOKEN", text);
    return request;
}

static void make_waiters(const char *milliseconds, size_t rounds, bool have_order)
{
    waiters = calloc(waiter_count, sizeof *waiters);
    for (size_t index = 0; index < waiter_count; index++) {
        waiters[index].flight.request = make_request(milliseconds, have_order ? index + 1 : 0);
        waiters[index].flight.ended = take_end;
        waiters[index].rounds = rounds;
    }
}

static void *run_blocking(void *argument)
{
    struct waiter *waiter = argument;
    gateway_result result = GATEWAY_RESULT_INIT;
    for (; waiter->rounds > 0; waiter->rounds--) {
        gateway_handle(backend, waiter->flight.request, NULL, NULL, NULL, &result);
        take_end(&waiter->flight, &result);
    }
    return NULL;
}

static uint64_t queued(void)
{
    gateway_stats stats = GATEWAY_STATS_INIT;
    gateway_backend_stats(backend, &stats);
    return stats.queued;
}

/* The body of the request that is served first: it does not end before all the others wait. */
static gateway_read_status read_nothing(void *unused, void *buffer, size_t capacity, size_t *length)
{
    (void)unused, (void)buffer, (void)capacity;
    while (queued() < waiter_count - 1) usleep(100);
    *length = 0;
    return GATEWAY_READ_OK;
}

static uint64_t connected(void)
{
    gateway_stats stats = GATEWAY_STATS_INIT;
    gateway_backend_stats(backend, &stats);
    return stats.connected;
}

/* With an order, each thread comes when the one before runs or waits. */
static void run_threads(bool have_order)
{
    if (have_order)
        gateway_request_body_callback(waiters[0].flight.request, read_nothing, NULL,
                                      GATEWAY_LENGTH_UNKNOWN);
    for (size_t index = 0; index < waiter_count; index++) {
        expect(pthread_create(&waiters[index].thread, NULL, run_blocking, &waiters[index]) == 0,
               "no thread");
        while (have_order && connected() == 0) usleep(100);
        while (have_order && queued() < index) usleep(100);
    }
    for (size_t index = 0; index < waiter_count; index++) pthread_join(waiters[index].thread, NULL);
}

static void run_loop(void)
{
    bool is_over;
    do {
        is_over = true;
        for (size_t index = 0; index < waiter_count; index++) {
            struct waiter *waiter = &waiters[index];
            if (waiter->rounds > 0) is_over = false;
            if (waiter->rounds == 0 || waiter->flight.exchange != NULL) continue;
            waiter->rounds--;
            loop_begin(backend, &waiter->flight);
        }
        loop_turn(10000);
    } while (!is_over || loop_in_flight() > 0);
}

/* One runs and the queue is full; the next two, one of them blocking, are refused. */
static void overfill(void)
{
    size_t room = waiter_count - 3, index;
    uint64_t begun = now_us();
    gateway_result result = GATEWAY_RESULT_INIT;
    for (index = 0; index < room + 1; index++) loop_begin(backend, &waiters[index].flight);
    expect(queued() == room && overloaded == 0, "the queue has less room than it should");
    begun = now_us();
    loop_begin(backend, &waiters[index++].flight);
    expect(overloaded == 1, "one more was not refused at once");
    gateway_handle(backend, waiters[index].flight.request, NULL, NULL, NULL, &result);
    take_end(&waiters[index].flight, &result);
    printf("refused_after %.3f\n", (double)(now_us() - begun) / 1000);
    expect(result.retry_after_s > 0, "nobody says when to come back");
    while (loop_in_flight() > 0) loop_turn(10000);
}

static void run(int count, char **arguments)
{
    const char *mode = arguments[2];
    if (strcmp(mode, "full") == 0) {
        make_waiters("50", 1, true);
        overfill();
    } else if (strstr(mode, "in-order") != NULL) {
        make_waiters("1", 1, true);
        if (mode[0] == 't') run_threads(true);
        else run_loop();
    } else {
        expect(count == 6, "how many rounds, and how many at once?");
        make_waiters("1", strtoul(arguments[4], NULL, 10), false);
        if (mode[0] == 't') run_threads(false);
        else run_loop();
    }
}

int main(int count, char **arguments)
{
    gateway_options options = GATEWAY_OPTIONS_INIT;
    gateway_backend_options limits = GATEWAY_BACKEND_OPTIONS_INIT;
    expect(count >= 4, "usage: waiting_line ADDRESS MODE WAITERS [ROUNDS ACTIVE]");
    waiter_count = strtoul(arguments[3], NULL, 10);
    limits.max_active = count == 6 ? (uint32_t)atoi(arguments[5]) : 1;
    limits.queue_length = (uint32_t)waiter_count;
    if (strcmp(arguments[2], "full") == 0) waiter_count += 3;
    limits.queue_timeout_ms = 60000;
    limits.flags = GATEWAY_BACKEND_KEEP_CONNECTIONS;
    signal(SIGPIPE, SIG_IGN);
    loop_open();
    options.flags = GATEWAY_SIGPIPE_IGNORED;
    expect(gateway_open(&options, &library) == GATEWAY_OK, "no gateway");
    expect(gateway_backend_open(library, arguments[1], &limits, &backend) == GATEWAY_OK,
           "no backend");
    run(count, arguments);
    for (size_t index = 0; index < waiter_count; index++)
        gateway_request_close(waiters[index].flight.request);
    gateway_backend_close(backend);
    gateway_close(library);
    printf("completed %zu\noverloaded %zu\nlost %zu\n", completed, overloaded, lost);
    return 0;
}
