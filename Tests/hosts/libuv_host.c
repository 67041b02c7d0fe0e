/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exchanges under libuv: uv_poll waits on the descriptor of each, uv_timer for its deadline.
 *
 *     libuv_host ADDRESS SCRIPT COUNT MAX_ACTIVE
 *
 * SCRIPT answers with the body of its request. COUNT exchanges are begun at once, each with a body
 * of its own, on connections that are kept; MAX_ACTIVE of them run at a time, the others queue.
 * Every second body is written piece by piece and of unknown length, as a server has a chunked one;
 * half of these pieces come later than they are asked for. Ends with 0 when every body came back
 * whole.
 */
#define _GNU_SOURCE
#include "gateway.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct exchange {
    gateway_exchange *handle;
    gateway_request *request;
    uv_poll_t poll;
    uv_timer_t timer;
    uv_timer_t client; /* brings the next piece of the body */
    int polled; /* the descriptor that poll watches; -1: none */
    unsigned char *body;
    size_t length, written, received;
    int is_right, is_slow;
};

enum { PIECE = 30000 };

static int left, wrong;

static void go_on(struct exchange *exchange);

static void *need(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

/* -------------------------------------------------------------------------------------- waiting */

static void ready(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    go_on(poll->data);
}

static void due(uv_timer_t *timer)
{
    go_on(timer->data);
}

/* A uv_poll_t is for one descriptor: another one takes its place when it is closed. */
static void reopened(uv_handle_t *closed)
{
    struct exchange *exchange = closed->data;
    exchange->polled = -1;
    go_on(exchange);
}

static int events_of(uint32_t interest)
{
    return (interest & GATEWAY_WAIT_READ ? UV_READABLE : 0)
           | (interest & GATEWAY_WAIT_WRITE ? UV_WRITABLE : 0);
}

static void wait_for(struct exchange *exchange)
{
    gateway_wait wait = GATEWAY_WAIT_INIT;
    gateway_exchange_wait(exchange->handle, &wait);
    if (wait.timeout_ms != GATEWAY_WAIT_FOREVER)
        uv_timer_start(&exchange->timer, due, wait.timeout_ms, 0);
    if (exchange->polled >= 0 && uv_is_closing((uv_handle_t *)&exchange->poll))
        return;
    if (wait.descriptor != exchange->polled && exchange->polled >= 0) {
        uv_poll_stop(&exchange->poll);
        uv_close((uv_handle_t *)&exchange->poll, reopened);
        return;
    }
    if (wait.descriptor < 0 || wait.interest == 0)
        return;
    if (exchange->polled < 0) {
        uv_poll_init(uv_default_loop(), &exchange->poll, wait.descriptor);
        exchange->poll.data = exchange;
        exchange->polled = wait.descriptor;
    }
    uv_poll_start(&exchange->poll, events_of(wait.interest), ready);
}

/* ------------------------------------------------------------------------------------ exchanges */

static void compare(struct exchange *exchange, const gateway_bytes *piece)
{
    if (piece->length > exchange->length - exchange->received
        || memcmp(exchange->body + exchange->received, piece->bytes, piece->length) != 0)
        exchange->is_right = 0;
    else
        exchange->received += piece->length;
}

static void end(struct exchange *exchange)
{
    gateway_result result = GATEWAY_RESULT_INIT;
    gateway_exchange_result(exchange->handle, &result);
    if (result.outcome != GATEWAY_OUTCOME_COMPLETE || !exchange->is_right
        || exchange->received != exchange->length) {
        printf("%s, %lu of %lu bytes\n", result.message, (unsigned long)exchange->received,
               (unsigned long)exchange->length);
        wrong++;
    }
    /* The connection is kept: it is another exchange's from the next call on. */
    uv_timer_stop(&exchange->timer);
    uv_close((uv_handle_t *)&exchange->timer, NULL);
    uv_close((uv_handle_t *)&exchange->client, NULL);
    if (exchange->polled >= 0 && !uv_is_closing((uv_handle_t *)&exchange->poll)) {
        uv_poll_stop(&exchange->poll);
        uv_close((uv_handle_t *)&exchange->poll, NULL);
    }
    gateway_exchange_close(exchange->handle);
    gateway_request_close(exchange->request);
    exchange->handle = NULL;
    left--;
}

/* The end comes with the last piece, or alone. */
static void write_piece(struct exchange *exchange)
{
    size_t rest = exchange->length - exchange->written;
    gateway_bytes piece;
    uint32_t flags = rest == 0 || (rest < PIECE && !exchange->is_slow) ? GATEWAY_WRITE_END : 0;
    piece.bytes = exchange->body + exchange->written;
    piece.length = rest < PIECE ? rest : PIECE;
    if (gateway_exchange_write(exchange->handle, &piece, rest > 0, flags) != GATEWAY_OK)
        abort();
    exchange->written += piece.length;
}

static void client_sent(uv_timer_t *timer)
{
    struct exchange *exchange = timer->data;
    write_piece(exchange);
    go_on(exchange);
}

static void feed(struct exchange *exchange)
{
    if (exchange->is_slow)
        uv_timer_start(&exchange->client, client_sent, 1, 0);
    else
        write_piece(exchange);
}

static void go_on(struct exchange *exchange)
{
    gateway_event event = GATEWAY_EVENT_INIT;
    while (exchange->handle != NULL) {
        gateway_status status = gateway_exchange_next(exchange->handle, &event);
        if (status == GATEWAY_AGAIN) {
            wait_for(exchange);
            return;
        }
        if (status != GATEWAY_OK)
            abort();
        if (event.type == GATEWAY_EVENT_WANTS_BODY)
            feed(exchange);
        if (event.type == GATEWAY_EVENT_BODY)
            compare(exchange, &event.data);
        if (event.type == GATEWAY_EVENT_END)
            end(exchange);
    }
}

static void add(gateway_request *request, const char *name, const char *value)
{
    gateway_request_param(request, name, strlen(name), value, strlen(value));
}

static void params_of(struct exchange *exchange, const char *script)
{
    char length[32];
    sprintf(length, "%lu", (unsigned long)exchange->length);
    add(exchange->request, "SCRIPT_FILENAME", script);
    add(exchange->request, "REQUEST_METHOD", "POST");
    add(exchange->request, "CONTENT_TYPE", "application/octet-stream");
    add(exchange->request, "CONTENT_LENGTH", length);
    gateway_request_body_bytes(exchange->request, exchange->body, exchange->length);
}

static void params_of_chunked(struct exchange *exchange, const char *script)
{
    gateway_http_request http = GATEWAY_HTTP_REQUEST_INIT;
    http.method.bytes = "POST";
    http.method.length = 4;
    http.target.bytes = "/echo.php";
    http.target.length = 9;
    http.script_filename.bytes = script;
    http.script_filename.length = strlen(script);
    if (gateway_request_http(exchange->request, &http) != GATEWAY_OK
        || gateway_request_body_written(exchange->request, GATEWAY_LENGTH_UNKNOWN) != GATEWAY_OK)
        abort();
}

static void begin(struct exchange *exchange, gateway_backend *backend, const char *script, size_t i)
{
    gateway_exchange_options options = GATEWAY_EXCHANGE_OPTIONS_INIT;
    size_t at;
    exchange->polled = -1;
    exchange->is_right = 1;
    exchange->length = i * 7919 % 200000;
    exchange->body = need(malloc(exchange->length + 1));
    for (at = 0; at < exchange->length; at++)
        exchange->body[at] = (unsigned char)(at * 31 + i);
    exchange->is_slow = i % 4 == 3;
    gateway_request_open(backend, &exchange->request);
    if (i % 2 == 0)
        params_of(exchange, script);
    else
        params_of_chunked(exchange, script);
    options.flags = GATEWAY_EXCHANGE_NONBLOCKING;
    if (gateway_exchange_open(backend, exchange->request, &options, &exchange->handle)
        != GATEWAY_OK)
        abort();
    uv_timer_init(uv_default_loop(), &exchange->timer);
    exchange->timer.data = exchange;
    uv_timer_init(uv_default_loop(), &exchange->client);
    exchange->client.data = exchange;
}

int main(int count, char **arguments)
{
    gateway_options library = GATEWAY_OPTIONS_INIT;
    gateway_backend_options options = GATEWAY_BACKEND_OPTIONS_INIT;
    gateway_backend *backend;
    gateway *gateway;
    struct exchange *exchanges;
    int i;
    if (count != 5)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    library.flags = GATEWAY_SIGPIPE_IGNORED;
    left = atoi(arguments[3]);
    options.flags = GATEWAY_BACKEND_KEEP_CONNECTIONS;
    options.max_active = (uint32_t)atoi(arguments[4]);
    options.queue_length = (uint32_t)left;
    options.queue_timeout_ms = 60000;
    if (gateway_open(&library, &gateway) != GATEWAY_OK
        || gateway_backend_open(gateway, arguments[1], &options, &backend) != GATEWAY_OK)
        return 2;
    count = left;
    exchanges = need(calloc((size_t)count, sizeof *exchanges));
    for (i = 0; i < count; i++)
        begin(&exchanges[i], backend, arguments[2], (size_t)i);
    for (i = 0; i < count; i++)
        go_on(&exchanges[i]);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    for (i = 0; i < count; i++)
        free(exchanges[i].body);
    free(exchanges);
    gateway_backend_close(backend);
    gateway_close(gateway);
    printf("%d right, %d wrong, %d left\n", count - wrong - left, wrong, left);
    return wrong != 0 || left != 0;
}
