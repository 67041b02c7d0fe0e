/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host whose threads share two backends to one application, which runs two requests at once: each
 * backend may have one there.
 *
 *     shared_application ADDRESS SCRIPT THREADS COUNT keep|close
 */
#include "event_loop.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BACKENDS = 2 };

static gateway_backend *backends[BACKENDS];
static const char *script;
static size_t count;
static uint64_t *times;
static atomic_size_t next, lost;

static void *make_requests(void *unused)
{
    gateway_result result = GATEWAY_RESULT_INIT;
    gateway_request *request;
    size_t number;
    char query[32];
    expect(gateway_request_open(backends[0], &request) == GATEWAY_OK, "no request");
    while ((number = next++) < count) {
        uint64_t begun = now_us();
        snprintf(query, sizeof query, "%zu", number);
        gateway_request_clear(request);
        set_param(request, "REQUEST_METHOD", "GET");
        set_param(request, "SCRIPT_FILENAME", script);
        set_param(request, "QUERY_STRING", query);
        gateway_handle(backends[number % BACKENDS], request, NULL, NULL, NULL, &result);
        times[number] = now_us() - begun;
        if (result.outcome == GATEWAY_OUTCOME_COMPLETE && result.body_bytes == strlen(query))
            continue;
        if (lost++ == 0) fprintf(stderr, "shared_application: lost: %s\n", result.message);
    }
    gateway_request_close(request);
    return unused;
}

int main(int argument_count, char **arguments)
{
    gateway_options options = GATEWAY_OPTIONS_INIT;
    gateway_backend_options limits = GATEWAY_BACKEND_OPTIONS_INIT;
    gateway *library;
    pthread_t *threads;
    size_t thread_count, index;
    expect(argument_count == 6,
           "usage: shared_application ADDRESS SCRIPT THREADS COUNT keep|close");
    script = arguments[2];
    thread_count = strtoul(arguments[3], NULL, 10);
    count = strtoul(arguments[4], NULL, 10);
    threads = calloc(thread_count, sizeof *threads);
    times = calloc(count, sizeof *times);
    signal(SIGPIPE, SIG_IGN);
    options.flags = GATEWAY_SIGPIPE_IGNORED;
    limits.flags = strcmp(arguments[5], "keep") == 0 ? GATEWAY_BACKEND_KEEP_CONNECTIONS : 0;
    limits.max_active = limits.max_connections = 1;
    limits.queue_timeout_ms = 60000;
    expect(gateway_open(&options, &library) == GATEWAY_OK, "no gateway");
    for (index = 0; index < BACKENDS; index++)
        expect(gateway_backend_open(library, arguments[1], &limits, &backends[index])
                   == GATEWAY_OK, "no backend");
    for (index = 0; index < thread_count; index++)
        expect(pthread_create(&threads[index], NULL, make_requests, NULL) == 0, "no thread");
    for (index = 0; index < thread_count; index++) pthread_join(threads[index], NULL);
    for (index = 0; index < BACKENDS; index++) gateway_backend_close(backends[index]);
    gateway_close(library);
    printf("lost %zu\np99 %.2f\n", lost, (double)per_mille(times, count, 990) / 1000);
    return 0;
}
