/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Callbacks that call the library again: other exchanges run, what is in use is refused, and what
 * is closed in them stays alive as long as it is needed.
 *
 *     reentry ADDRESS
 */
#include "ask.h"

static gateway *library;
static gateway_backend *backend;
static gateway_request *request;
static gateway_exchange *exchange;
static struct answer plain;
static int is_wrong;
static int calls;

static void expect(int holds, const char *what)
{
    if (holds)
        return;
    printf("%s\n", what);
    is_wrong = 1;
}

/* Everything that a host may and may not do while its exchange runs. */
static void call_all(void)
{
    struct answer nested;
    gateway_exchange *another = NULL;
    gateway_stats stats = GATEWAY_STATS_INIT;
    uint32_t time;
    if (calls++ > 0)
        return;
    expect(ask(backend, &nested) && nested.sum == plain.sum, "a nested one went wrong");
    expect(gateway_request_param(request, "A", 1, "", 0) == GATEWAY_ERR_STATE, "a param");
    expect(gateway_request_body_bytes(request, "", 0) == GATEWAY_ERR_STATE, "a body");
    expect(gateway_request_clear(request) == GATEWAY_ERR_STATE, "cleared");
    expect(gateway_exchange_open(backend, request, NULL, &another) == GATEWAY_ERR_STATE, "opened");
    expect(gateway_handle(backend, request, NULL, NULL, NULL, NULL) == GATEWAY_ERR_STATE, "run");
    expect(gateway_backend_stats(backend, &stats) == GATEWAY_OK && stats.active == 1, "stats");
    expect(gateway_maintain(library) == GATEWAY_OK, "maintain");
    expect(gateway_next_deadline(library, &time) == GATEWAY_OK, "deadline");
    expect(gateway_backend_resolve(backend) == GATEWAY_OK, "resolve");
}

static gateway_callback_status in_head(void *context, uint32_t status, const gateway_field *fields,
                                       size_t count)
{
    (void)context, (void)status, (void)fields, (void)count;
    call_all();
    return GATEWAY_CONTINUE;
}

static gateway_callback_status in_body(void *context, const void *bytes, size_t length)
{
    call_all();
    return take_body(context, bytes, length);
}

/* On the exchange that it supplies the body for, everything is refused. */
static gateway_read_status in_read(void *context, void *buffer, size_t capacity, size_t *length)
{
    gateway_event event = GATEWAY_EVENT_INIT;
    gateway_wait wait = GATEWAY_WAIT_INIT;
    (void)context, (void)buffer, (void)capacity;
    *length = 0;
    call_all();
    expect(gateway_exchange_next(exchange, &event) == GATEWAY_ERR_STATE, "next in read");
    expect(gateway_exchange_write(exchange, NULL, 0, 0) == GATEWAY_ERR_STATE, "write in read");
    expect(gateway_exchange_wait(exchange, &wait) == GATEWAY_ERR_STATE, "wait in read");
    expect(gateway_exchange_block(exchange, 0) == GATEWAY_ERR_STATE, "block in read");
    expect(gateway_exchange_cancel(exchange) == GATEWAY_ERR_STATE, "cancel in read");
    return GATEWAY_READ_OK;
}

static gateway_read_status lies(void *context, void *buffer, size_t capacity, size_t *length)
{
    (void)buffer;
    *length = *(int *)context ? capacity + 1 : (size_t)-1;
    return GATEWAY_READ_OK;
}

/* Closes what the exchange is of, in the middle of it. */
static gateway_callback_status close_all(void *context, const void *bytes, size_t length)
{
    if (calls++ == 0) {
        gateway_request_close(request);
        gateway_backend_close(backend);
        gateway_close(library);
    }
    return take_body(context, bytes, length);
}

static void fresh(void)
{
    gateway_request_open(backend, &request);
    fill(request);
    calls = 0;
}

static void read_events(void)
{
    gateway_event event = GATEWAY_EVENT_INIT;
    fresh();
    gateway_request_body_callback(request, in_read, NULL, GATEWAY_LENGTH_UNKNOWN);
    gateway_exchange_open(backend, request, NULL, &exchange);
    while (gateway_exchange_next(exchange, &event) == GATEWAY_OK)
        ;
    gateway_exchange_close(exchange);
    gateway_request_close(request);
    expect(calls > 0, "never read");
}

static void read_lies(int how)
{
    gateway_result result = GATEWAY_RESULT_INIT;
    fresh();
    gateway_request_body_callback(request, lies, &how, GATEWAY_LENGTH_UNKNOWN);
    gateway_handle(backend, request, NULL, NULL, NULL, &result);
    gateway_request_close(request);
    expect(result.outcome == GATEWAY_OUTCOME_CANCELLED, "more than there is room for");
}

int main(int argc, char **argv)
{
    gateway_callbacks callbacks = GATEWAY_CALLBACKS_INIT;
    gateway_result result = GATEWAY_RESULT_INIT;
    struct answer answer = {0, 0, 0};
    if (argc != 2 || gateway_open(NULL, &library) != GATEWAY_OK ||
        gateway_backend_open(library, argv[1], NULL, &backend) != GATEWAY_OK)
        return 2;
    expect(ask(backend, &plain), "the first went wrong");

    fresh();
    callbacks.head = in_head;
    gateway_handle(backend, request, NULL, &callbacks, NULL, NULL);
    gateway_request_close(request);
    expect(calls > 0, "no head");

    fresh();
    callbacks.head = NULL;
    callbacks.body = in_body;
    gateway_handle(backend, request, NULL, &callbacks, &answer, NULL);
    gateway_request_close(request);
    expect(answer.sum == plain.sum, "another answer");

    read_events();
    read_lies(0);
    read_lies(1);

    fresh();
    memset(&answer, 0, sizeof answer);
    callbacks.body = close_all;
    gateway_handle(backend, request, NULL, &callbacks, &answer, &result);
    expect(result.outcome == GATEWAY_OUTCOME_COMPLETE && answer.sum == plain.sum,
           "closed in the middle");
    if (!is_wrong)
        printf("right\n");
    return is_wrong;
}
