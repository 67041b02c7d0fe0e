/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host that has many exchanges in flight in one thread: how much memory each costs while it waits
 * for its turn, or for an application that answers late. The requests are made, and all memory of
 * the host is touched, before the first look at what is resident.
 *
 *     many_in_flight ADDRESS COUNT connected|queued
 */
#include "event_loop.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Beside the exchanges: standard streams, epoll, the one that releases, and some to spare. */
enum { OTHER_DESCRIPTORS = 64, PARAMS = 20 };

static size_t completed;

static void take_end(struct flight *flight, const gateway_result *result)
{
    (void)flight;
    if (result->outcome == GATEWAY_OUTCOME_COMPLETE && result->body_bytes == 8)
        completed++;
    else if (loop_in_flight() % 1000 == 0)
        fprintf(stderr, "many_in_flight: %s\n", result->message);
}

/* At most so many as there may be descriptors. */
static size_t possible(size_t wanted)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    expect(setrlimit(RLIMIT_NOFILE, &limit) == 0, "RLIMIT_NOFILE cannot be raised");
    if (wanted + OTHER_DESCRIPTORS <= limit.rlim_cur) return wanted;
    fprintf(stderr, "many_in_flight: RLIMIT_NOFILE allows %lu only\n",
            (unsigned long)limit.rlim_cur);
    return limit.rlim_cur - OTHER_DESCRIPTORS;
}

static void fill(gateway_backend *backend, gateway_request **request)
{
    char name[16], value[32];
    expect(gateway_request_open(backend, request) == GATEWAY_OK, "no request");
    set_param(*request, "REQUEST_METHOD", "GET");
    for (int index = 0; index < PARAMS; index++) {
        snprintf(name, sizeof name, "PARAMETER_%d", index);
        snprintf(value, sizeof value, "the value of parameter %d", index);
        set_param(*request, name, value);
    }
}

/* Waits until as many are connected, or queued, as may be. */
static void settle(gateway_backend *backend, size_t count, bool is_queued)
{
    uint64_t limit = now_us() + 20000000;
    gateway_stats stats = GATEWAY_STATS_INIT;
    do {
        expect(now_us() < limit, "not all are connected in 20 s");
        loop_turn(1000);
        gateway_backend_stats(backend, &stats);
    } while (is_queued ? stats.queued < count - 1 : stats.connected < count);
    /* The requests are sent. */
    for (uint64_t end = now_us() + 300000; now_us() < end;) loop_turn(10000);
}

static void release(gateway *library, const char *address)
{
    gateway_backend *other;
    gateway_request *request;
    gateway_result result = GATEWAY_RESULT_INIT;
    expect(gateway_backend_open(library, address, NULL, &other) == GATEWAY_OK, "no backend");
    expect(gateway_request_open(other, &request) == GATEWAY_OK, "no request");
    set_param(request, "RELEASE", "all");
    gateway_handle(other, request, NULL, NULL, NULL, &result);
    expect(result.outcome == GATEWAY_OUTCOME_COMPLETE, result.message);
    gateway_request_close(request);
    gateway_backend_close(other);
}

int main(int argument_count, char **arguments)
{
    gateway_options options = GATEWAY_OPTIONS_INIT;
    gateway_backend_options limits = GATEWAY_BACKEND_OPTIONS_INIT;
    gateway *library;
    gateway_backend *backend;
    struct flight *all;
    size_t count, index, resident, descriptors;
    bool is_queued;
    expect(argument_count == 4, "usage: many_in_flight ADDRESS COUNT connected|queued");
    count = possible(strtoul(arguments[2], NULL, 10));
    is_queued = strcmp(arguments[3], "queued") == 0;
    all = malloc(count * sizeof *all);
    memset(all, 0, count * sizeof *all);
    signal(SIGPIPE, SIG_IGN);
    loop_open();
    options.flags = GATEWAY_SIGPIPE_IGNORED;
    limits.io_buffer_size = 16384;
    limits.queue_length = (uint32_t)count;
    limits.queue_timeout_ms = 60000;
    limits.connect_timeout_ms = 30000;
    limits.max_active = is_queued ? 1 : 0;
    expect(gateway_open(&options, &library) == GATEWAY_OK, "no gateway");
    expect(gateway_backend_open(library, arguments[1], &limits, &backend) == GATEWAY_OK,
           "no backend");
    for (index = 0; index < count; index++) {
        fill(backend, &all[index].request);
        all[index].ended = take_end;
    }
    descriptors = open_descriptors();
    resident = resident_kib();
    for (index = 0; index < count; index++) loop_begin(backend, &all[index]);
    settle(backend, count, is_queued);
    printf("count %zu\n", loop_in_flight());
    printf("each %.2f\n", (double)(resident_kib() - resident) / (double)count);
    release(library, arguments[1]);
    while (loop_in_flight() > 0) loop_turn(100000);
    printf("lost %zu\n", count - completed);
    printf("descriptors %zd\n", (ssize_t)open_descriptors() - (ssize_t)descriptors);
    for (index = 0; index < count; index++) gateway_request_close(all[index].request);
    gateway_backend_close(backend);
    gateway_close(library);
    free(all);
    return 0;
}
