/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event-driven host in one thread: one slow request, and fast ones that arrive at a fixed rate
 * whatever became of those before, each timed from when it was due to arrive. The processor time of
 * every call of the library is measured.
 *
 *     slow_and_fast "ADDRESS ..." SLOW_MS FAST_MS COUNT RATE
 */
#include "event_loop.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

struct timed {
    struct flight flight;
    uint64_t arrival;
    bool is_slow;
};

static uint64_t *times, slow_time;
static size_t fast_done, lost;
static gateway_backend *backend;

static void take_end(struct flight *flight, const gateway_result *result)
{
    struct timed *timed = (struct timed *)flight;
    uint64_t time = now_us() - timed->arrival;
    if (result->outcome != GATEWAY_OUTCOME_COMPLETE || result->body_bytes != 8) {
        if (lost++ == 0) fprintf(stderr, "slow_and_fast: lost: %s\n", result->message);
    } else if (timed->is_slow) {
        slow_time = time;
    } else {
        times[fast_done++] = time;
    }
}

static void arrive(struct timed *timed, const char *milliseconds, uint64_t arrival)
{
    uint64_t begun = loop_call_begins();
    gateway_status status = gateway_request_open(backend, &timed->flight.request);
    loop_call_ends(begun);
    expect(status == GATEWAY_OK, "no request");
    set_param(timed->flight.request, "REQUEST_METHOD", "GET");
    set_param(timed->flight.request, "MS", milliseconds);
    timed->flight.ended = take_end;
    timed->arrival = arrival;
    loop_begin(backend, &timed->flight);
}

int main(int argument_count, char **arguments)
{
    gateway_options options = GATEWAY_OPTIONS_INIT;
    gateway_backend_options limits = GATEWAY_BACKEND_OPTIONS_INIT;
    gateway *library;
    struct timed *all;
    size_t count, rate, index;
    uint64_t start;
    expect(argument_count == 6, "usage: slow_and_fast \"ADDRESS ...\" SLOW FAST COUNT RATE");
    count = strtoul(arguments[4], NULL, 10);
    rate = strtoul(arguments[5], NULL, 10);
    all = calloc(count + 1, sizeof *all);
    times = calloc(count, sizeof *times);
    signal(SIGPIPE, SIG_IGN);
    loop_open();
    options.flags = GATEWAY_SIGPIPE_IGNORED;
    limits.flags = GATEWAY_BACKEND_KEEP_CONNECTIONS;
    limits.max_endpoint_active = 1;
    limits.io_buffer_size = 16384;
    expect(gateway_open(&options, &library) == GATEWAY_OK, "no gateway");
    expect(gateway_backend_open(library, arguments[1], &limits, &backend) == GATEWAY_OK,
           "no backend");
    loop_measure_calls(64 * (count + 1));
    start = now_us();
    all[count].is_slow = true;
    arrive(&all[count], arguments[2], start);
    for (index = 0; index < count || loop_in_flight() > 0;) {
        uint64_t next = start + index * 1000000 / rate, now = now_us();
        if (index < count && next <= now)
            arrive(&all[index++], arguments[3], next);
        else
            loop_turn(index < count ? next - now : 1000000);
    }
    for (index = 0; index <= count; index++) gateway_request_close(all[index].flight.request);
    gateway_backend_close(backend);
    gateway_close(library);
    printf("lost %zu\nslow %lu\n", lost, (unsigned long)slow_time / 1000);
    printf("fast_p50 %.1f\n", (double)per_mille(times, fast_done, 500) / 1000);
    printf("fast_p99 %.1f\n", (double)per_mille(times, fast_done, 990) / 1000);
    loop_print_calls();
    return 0;
}
