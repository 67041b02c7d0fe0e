/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host that receives a large answer and throws it away, and tells what the exchange has cost.
 *
 *     discard_library ADDRESS QUERY
 */
#include "expect.h"
#include "processor_time.h"

#include <gateway.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned long long received;

static gateway_callback_status take_body(void *context, const void *bytes, size_t length)
{
    (void)context;
    (void)bytes;
    received += length;
    return GATEWAY_CONTINUE;
}

int main(int argument_count, char **arguments)
{
    gateway_options options = GATEWAY_OPTIONS_INIT;
    gateway_callbacks callbacks = GATEWAY_CALLBACKS_INIT;
    gateway_result result = GATEWAY_RESULT_INIT;
    gateway *library;
    gateway_backend *backend;
    gateway_request *request;
    struct rusage before, after;
    expect(argument_count == 3, "usage: discard_library ADDRESS QUERY");
    signal(SIGPIPE, SIG_IGN);
    options.flags = GATEWAY_SIGPIPE_IGNORED;
    callbacks.body = take_body;
    expect(gateway_open(&options, &library) == GATEWAY_OK, "no gateway");
    expect(gateway_backend_open(library, arguments[1], NULL, &backend) == GATEWAY_OK,
           "no backend");
    expect(gateway_request_open(backend, &request) == GATEWAY_OK, "no request");
    gateway_request_param(request, "REQUEST_METHOD", 14, "GET", 3);
    gateway_request_param(request, "QUERY_STRING", 12, arguments[2], strlen(arguments[2]));
    getrusage(RUSAGE_SELF, &before);
    gateway_handle(backend, request, NULL, &callbacks, NULL, &result);
    getrusage(RUSAGE_SELF, &after);
    expect(result.outcome == GATEWAY_OUTCOME_COMPLETE, result.message);
    printf("bytes %llu\n", received);
    print_processor_time(&before, &after, 1);
    gateway_request_close(request);
    gateway_backend_close(backend);
    gateway_close(library);
    return 0;
}
