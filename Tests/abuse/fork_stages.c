/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host that forks in the middle of an exchange. The child may only close it; the parent gets its
 * answer as if nothing had been.
 *
 *     fork_stages ADDRESS opened|waiting|writing|head|body|ended|handle ends|closes
 */
#include "ask.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static gateway *library;
static gateway_backend *backend;
static gateway_request *request;
static gateway_exchange *exchange;
static const char *stage;
static int is_closing;
static int forks;
static int is_wrong;

static void expect(int holds, const char *what)
{
    if (holds)
        return;
    printf("%s, at %s\n", what, stage);
    is_wrong = 1;
}

static int child(void)
{
    gateway_event event = GATEWAY_EVENT_INIT;
    gateway_bytes piece = {"abc", 3};
    if (!is_closing)
        return 0;
    if (exchange) {
        if (strcmp(stage, "ended") != 0 &&
            (gateway_exchange_next(exchange, &event) != GATEWAY_ERR_FORKED ||
             gateway_exchange_write(exchange, &piece, 1, 0) != GATEWAY_ERR_FORKED))
            return 1;
        gateway_exchange_close(exchange);
    }
    gateway_request_close(request);
    gateway_backend_close(backend);
    gateway_close(library);
    return 0;
}

/* Forks when the exchange comes to a stage for the first time. */
static void at(const char *now)
{
    pid_t process;
    int status = -1;
    if (strcmp(now, stage) != 0 || forks++ > 0)
        return;
    process = fork();
    if (process == 0)
        _exit(child());
    expect(waitpid(process, &status, 0) == process && status == 0, "the child went wrong");
}

static gateway_callback_status fork_in_callback(void *context, const void *bytes, size_t length)
{
    at("handle");
    return take_body(context, bytes, length);
}

static void wait_for_it(void)
{
    gateway_wait wait = GATEWAY_WAIT_INIT;
    struct pollfd entry;
    expect(gateway_exchange_wait(exchange, &wait) == GATEWAY_OK, "no wait");
    entry.fd = wait.descriptor;
    entry.events = (short)((wait.interest & GATEWAY_WAIT_READ ? POLLIN : 0) |
                           (wait.interest & GATEWAY_WAIT_WRITE ? POLLOUT : 0));
    poll(&entry, 1, wait.timeout_ms > 1000 ? 1000 : (int)wait.timeout_ms);
}

/* The host writes the body, and does not block. */
static void run(struct answer *answer)
{
    gateway_exchange_options options = GATEWAY_EXCHANGE_OPTIONS_INIT;
    gateway_event event = GATEWAY_EVENT_INIT;
    gateway_result result = GATEWAY_RESULT_INIT;
    gateway_bytes piece = {"abc", 3};
    int pieces = 0;
    options.flags = GATEWAY_EXCHANGE_NONBLOCKING;
    gateway_request_body_written(request, 6);
    expect(gateway_exchange_open(backend, request, &options, &exchange) == GATEWAY_OK,
           "no exchange");
    at("opened");
    event.type = (gateway_event_type)0;
    while (event.type != GATEWAY_EVENT_END) {
        if (gateway_exchange_next(exchange, &event) == GATEWAY_AGAIN) {
            if (pieces == 2)
                at("waiting");
            wait_for_it();
            event.type = (gateway_event_type)0;
            continue;
        }
        if (event.type == GATEWAY_EVENT_WANTS_BODY) {
            at("writing");
            pieces++;
            gateway_exchange_write(exchange, &piece, 1, pieces == 2 ? GATEWAY_WRITE_END : 0);
        } else if (event.type == GATEWAY_EVENT_HEAD) {
            answer->status = event.http_status;
            at("head");
        } else if (event.type == GATEWAY_EVENT_BODY) {
            take_body(answer, event.data.bytes, event.data.length);
            at("body");
        }
    }
    at("ended");
    gateway_exchange_result(exchange, &result);
    expect(result.outcome == GATEWAY_OUTCOME_COMPLETE, result.message);
    gateway_exchange_close(exchange);
    exchange = NULL;
}

int main(int argc, char **argv)
{
    gateway_backend_options options = GATEWAY_BACKEND_OPTIONS_INIT;
    gateway_callbacks callbacks = GATEWAY_CALLBACKS_INIT;
    struct answer plain = {0, 0, 0}, disturbed = {0, 0, 0}, after = {0, 0, 0};
    options.flags = GATEWAY_BACKEND_KEEP_CONNECTIONS;
    if (argc != 4 || gateway_open(NULL, &library) != GATEWAY_OK ||
        gateway_backend_open(library, argv[1], &options, &backend) != GATEWAY_OK)
        return 2;
    stage = argv[2];
    is_closing = strcmp(argv[3], "closes") == 0;
    expect(ask(backend, &plain), "the first went wrong");
    gateway_request_open(backend, &request);
    fill(request);
    if (strcmp(stage, "handle") == 0) {
        callbacks.body = fork_in_callback;
        gateway_handle(backend, request, NULL, &callbacks, &disturbed, NULL);
    } else {
        run(&disturbed);
    }
    gateway_request_close(request);
    expect(forks > 0, "it never came there");
    expect(disturbed.length == plain.length && disturbed.sum == plain.sum, "another answer");
    expect(ask(backend, &after) && after.sum == plain.sum, "the next one went wrong");
    gateway_backend_close(backend);
    gateway_close(library);
    if (!is_wrong)
        printf("right\n");
    return is_wrong;
}
