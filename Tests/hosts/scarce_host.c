/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host that runs out of descriptors: idle connections are given up for new ones, and where there
 * are none, the exchange has its outcome and the next one that finds a descriptor is served.
 *
 *     scarce_host ADDRESS SCRIPT
 *
 * ADDRESS is of an application with two processes or more that keeps connections. Ends with 0 when
 * everything went so.
 */
#include "gateway.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const char *script;
static int is_wrong;

static void expect(int holds, const char *what)
{
    if (holds)
        return;
    printf("%s\n", what);
    is_wrong = 1;
}

static void add(gateway_request *request, const char *name, const char *value)
{
    gateway_request_param(request, name, strlen(name), value, strlen(value));
}

static gateway_result ask(gateway_backend *backend)
{
    gateway_result result = GATEWAY_RESULT_INIT;
    gateway_request *request;
    if (gateway_request_open(backend, &request) != GATEWAY_OK)
        return result;
    add(request, "SCRIPT_FILENAME", script);
    add(request, "REQUEST_METHOD", "GET");
    gateway_handle(backend, request, NULL, NULL, NULL, &result);
    gateway_request_close(request);
    return result;
}

static uint64_t idle(gateway_backend *backend)
{
    gateway_stats stats = GATEWAY_STATS_INIT;
    gateway_backend_stats(backend, &stats);
    return stats.idle;
}

/* Takes every descriptor that is left; answers one of them. */
static int take_all(void)
{
    int last = -1;
    int next;
    while ((next = dup(0)) >= 0)
        last = next;
    return last;
}

int main(int count, char **arguments)
{
    gateway_backend_options options = GATEWAY_BACKEND_OPTIONS_INIT;
    gateway_backend *keeping, *closing, *queueing;
    struct rlimit limit = {64, 64};
    gateway_result result;
    gateway *gateway;
    int spare;

    if (count != 3 || gateway_open(NULL, &gateway) != GATEWAY_OK)
        return 2;
    script = arguments[2];
    options.flags = GATEWAY_BACKEND_KEEP_CONNECTIONS;
    gateway_backend_open(gateway, arguments[1], &options, &keeping);
    gateway_backend_open(gateway, arguments[1], NULL, &closing);
    options.flags = 0;
    options.max_active = 1;
    gateway_backend_open(gateway, arguments[1], &options, &queueing);
    setrlimit(RLIMIT_NOFILE, &limit);

    expect(ask(keeping).outcome == GATEWAY_OUTCOME_COMPLETE, "the first failed");
    expect(idle(keeping) == 1, "the first was not kept");
    spare = take_all();
    result = ask(closing);
    expect(result.outcome == GATEWAY_OUTCOME_COMPLETE, result.message);
    expect(idle(keeping) == 0, "the idle one was not given up");

    /* What was given up was closed again behind the exchange. */
    expect(dup(0) >= 0, "a descriptor leaked");
    expect(dup(0) < 0, "there was one more");
    result = ask(closing);
    expect(result.outcome == GATEWAY_OUTCOME_CONNECT_FAILED, "it should have failed");
    expect(result.error_number == EMFILE, "it should have told EMFILE");
    expect(result.http_status == 503, "it should have been 503");

    close(spare);
    result = ask(queueing);
    expect(result.outcome == GATEWAY_OUTCOME_COMPLETE, result.message);

    gateway_backend_close(keeping);
    gateway_backend_close(closing);
    gateway_backend_close(queueing);
    gateway_close(gateway);
    if (!is_wrong)
        printf("right\n");
    return is_wrong;
}
