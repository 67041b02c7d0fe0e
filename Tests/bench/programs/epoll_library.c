/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host that has 64 small requests in flight in one thread, each built anew of 30 usual params and
 * begun as soon as the one before it has ended, and tells what one of them costs.
 *
 *     epoll_library ADDRESS COUNT
 */
#define _GNU_SOURCE
#include "expect.h"
#include "processor_time.h"
#include "usual_params.h"

#include <gateway.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

enum { FLIGHTS = 64, WARM_UP = 10000, PAGE_SIZE = 64 };

struct flight {
    gateway_request *request;
    gateway_exchange *exchange;
    int descriptor; /* that epoll knows; -1: none */
    uint32_t status;
    size_t length;
};

static const char page[] = "<!doctype html><title>small</title><p>sixty-four bytes in all.\r\n";
static struct flight flights[FLIGHTS];
static gateway_backend *backend;
static int epoll, begun, ended, wanted;

static void watch(struct flight *flight)
{
    struct epoll_event event = {.events = EPOLLONESHOT, .data = {.ptr = flight}};
    gateway_wait wait = GATEWAY_WAIT_INIT;
    int operation;
    expect(gateway_exchange_wait(flight->exchange, &wait) == GATEWAY_OK, "nothing to wait for");
    if (wait.interest & GATEWAY_WAIT_READ) event.events |= EPOLLIN;
    if (wait.interest & GATEWAY_WAIT_WRITE) event.events |= EPOLLOUT;
    operation = flight->descriptor == wait.descriptor ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    flight->descriptor = wait.descriptor;
    expect(epoll_ctl(epoll, operation, wait.descriptor, &event) == 0, "cannot watch");
}

static void end(struct flight *flight)
{
    gateway_result result = GATEWAY_RESULT_INIT;
    gateway_exchange_result(flight->exchange, &result);
    expect(result.outcome == GATEWAY_OUTCOME_COMPLETE, result.message);
    expect(flight->status == 200 && flight->length == PAGE_SIZE, "not the small page");
    if (flight->descriptor >= 0) epoll_ctl(epoll, EPOLL_CTL_DEL, flight->descriptor, NULL);
    flight->descriptor = -1;
    gateway_exchange_close(flight->exchange);
    flight->exchange = NULL;
    ended++;
}

/* Whether the exchange has ended. */
static int advance(struct flight *flight)
{
    gateway_event event = GATEWAY_EVENT_INIT;
    gateway_status status;
    while ((status = gateway_exchange_next(flight->exchange, &event)) == GATEWAY_OK) {
        if (event.type == GATEWAY_EVENT_HEAD) flight->status = event.http_status;
        if (event.type == GATEWAY_EVENT_BODY) {
            expect(flight->length + event.data.length <= PAGE_SIZE &&
                       memcmp(page + flight->length, event.data.bytes, event.data.length) == 0,
                   "a byte is not the page's");
            flight->length += event.data.length;
        }
        if (event.type == GATEWAY_EVENT_END) {
            end(flight);
            return 1;
        }
    }
    expect(status == GATEWAY_AGAIN, gateway_status_name(status));
    watch(flight);
    return 0;
}

static void begin(struct flight *flight)
{
    gateway_exchange_options options = GATEWAY_EXCHANGE_OPTIONS_INIT;
    options.flags = GATEWAY_EXCHANGE_NONBLOCKING;
    do {
        begun++;
        flight->status = 0;
        flight->length = 0;
        gateway_request_clear(flight->request);
        for (size_t at = 0; at < PARAM_COUNT; at++)
            gateway_request_param(flight->request, params[at].name, params[at].name_length,
                                  params[at].value, params[at].value_length);
        expect(gateway_exchange_open(backend, flight->request, &options, &flight->exchange) ==
                   GATEWAY_OK,
               "no exchange");
    } while (advance(flight) && begun < wanted);
}

static void run(int count)
{
    struct epoll_event events[FLIGHTS];
    int index, ready;
    begun = ended = 0;
    wanted = count;
    for (index = 0; index < FLIGHTS; index++) begin(&flights[index]);
    while (ended < wanted) {
        ready = epoll_wait(epoll, events, FLIGHTS, 30000);
        expect(ready > 0, "nothing came");
        for (index = 0; index < ready; index++)
            if (advance(events[index].data.ptr) && begun < wanted) begin(events[index].data.ptr);
    }
}

int main(int argument_count, char **arguments)
{
    gateway_options options = GATEWAY_OPTIONS_INIT;
    gateway_backend_options limits = GATEWAY_BACKEND_OPTIONS_INIT;
    gateway *library;
    struct rusage before, after;
    int index, count;
    expect(argument_count == 3, "usage: epoll_library ADDRESS COUNT");
    count = atoi(arguments[2]);
    signal(SIGPIPE, SIG_IGN);
    options.flags = GATEWAY_SIGPIPE_IGNORED;
    limits.flags = GATEWAY_BACKEND_KEEP_CONNECTIONS;
    limits.max_idle = FLIGHTS;
    epoll = epoll_create1(EPOLL_CLOEXEC);
    expect(gateway_open(&options, &library) == GATEWAY_OK, "no gateway");
    expect(gateway_backend_open(library, arguments[1], &limits, &backend) == GATEWAY_OK,
           "no backend");
    for (index = 0; index < FLIGHTS; index++) {
        flights[index].descriptor = -1;
        expect(gateway_request_open(backend, &flights[index].request) == GATEWAY_OK, "no request");
    }
    run(WARM_UP);
    getrusage(RUSAGE_SELF, &before);
    run(count);
    getrusage(RUSAGE_SELF, &after);
    print_processor_time(&before, &after, count);
    for (index = 0; index < FLIGHTS; index++) gateway_request_close(flights[index].request);
    gateway_backend_close(backend);
    gateway_close(library);
    return 0;
}
