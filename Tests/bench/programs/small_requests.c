/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host that makes small requests on one kept connection, one after the other, each built anew of
 * 30 usual params, and tells what they cost once the first thousand are over. With "mark", a
 * write(2) to descriptor -1 before and after each call shows in a trace where a call begins and
 * ends. With "anew", the request is closed and opened for each.
 */
#define _GNU_SOURCE
#include "expect.h"
#include "processor_time.h"
#include "usual_params.h"

#include <gateway.h>

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WARM_UP = 1000 };

enum mode { PLAIN, MARK, ANEW };

struct page {
    uint32_t status;
    size_t fields, length;
};

static gateway_callback_status take_head(void *context, uint32_t status,
                                         const gateway_field *fields, size_t count)
{
    struct page *page = context;
    (void)fields;
    page->status = status;
    page->fields = count;
    return GATEWAY_CONTINUE;
}

static gateway_callback_status take_body(void *context, const void *bytes, size_t length)
{
    struct page *page = context;
    (void)bytes;
    page->length += length;
    return GATEWAY_CONTINUE;
}

static void mark(enum mode mode, const char *what)
{
    if (mode == MARK && write(-1, what, strlen(what)) == 0) abort();
}

static unsigned reused;

static void run(gateway_backend *backend, gateway_request **request, int count, enum mode mode)
{
    gateway_callbacks callbacks = GATEWAY_CALLBACKS_INIT;
    gateway_result result = GATEWAY_RESULT_INIT;
    size_t at;
    callbacks.head = take_head;
    callbacks.body = take_body;
    for (; count > 0; count--) {
        struct page page = {0, 0, 0};
        if (mode == ANEW) {
            gateway_request_close(*request);
            expect(gateway_request_open(backend, request) == GATEWAY_OK, "no request");
        } else {
            gateway_request_clear(*request);
        }
        for (at = 0; at < PARAM_COUNT; at++)
            gateway_request_param(*request, params[at].name, params[at].name_length,
                                  params[at].value, params[at].value_length);
        mark(mode, "begin");
        expect(gateway_handle(backend, *request, NULL, &callbacks, &page, &result) == GATEWAY_OK,
               "the call failed");
        mark(mode, "end");
        expect(result.outcome == GATEWAY_OUTCOME_COMPLETE, result.message);
        expect(page.status == 200 && page.fields == 4 && page.length == 64, "not the small page");
        reused += (result.flags & GATEWAY_RESULT_REUSED) != 0;
    }
}

int main(int argument_count, char **arguments)
{
    gateway_options options = GATEWAY_OPTIONS_INIT;
    gateway_backend_options limits = GATEWAY_BACKEND_OPTIONS_INIT;
    gateway *library;
    gateway_backend *backend;
    gateway_request *request;
    struct rusage before, after;
    unsigned long (*allocations)(void);
    unsigned long allocated = 0;
    enum mode mode = PLAIN;
    int count;
    expect(argument_count >= 5,
           "usage: small_requests ADDRESS METHOD COUNT ignore|raise [mark|anew]");
    params[0].value = arguments[2];
    params[0].value_length = strlen(arguments[2]);
    count = atoi(arguments[3]);
    if (argument_count > 5) {
        expect(strcmp(arguments[5], "mark") == 0 || strcmp(arguments[5], "anew") == 0, "no mode");
        mode = *arguments[5] == 'm' ? MARK : ANEW;
    }
    if (strcmp(arguments[4], "ignore") == 0) {
        signal(SIGPIPE, SIG_IGN);
        options.flags = GATEWAY_SIGPIPE_IGNORED;
    }
    limits.flags = GATEWAY_BACKEND_KEEP_CONNECTIONS;
    expect(gateway_open(&options, &library) == GATEWAY_OK, "no gateway");
    expect(gateway_backend_open(library, arguments[1], &limits, &backend) == GATEWAY_OK,
           "no backend");
    expect(gateway_request_open(backend, &request) == GATEWAY_OK, "no request");
    /* Present when the counter of allocations is loaded before the others. */
    *(void **)&allocations = dlsym(RTLD_DEFAULT, "counted_allocations");

    if (count > 1) run(backend, &request, WARM_UP, mode == ANEW ? ANEW : PLAIN);
    reused = 0;
    if (allocations != NULL) allocated = allocations();
    getrusage(RUSAGE_SELF, &before);
    run(backend, &request, count, mode);
    getrusage(RUSAGE_SELF, &after);
    if (allocations != NULL) allocated = allocations() - allocated;

    print_processor_time(&before, &after, count);
    printf("reused %u\nallocations %lu\ncounted %d\n", reused, allocated, allocations != NULL);
    gateway_request_close(request);
    gateway_backend_close(backend);
    gateway_close(library);
    return 0;
}
