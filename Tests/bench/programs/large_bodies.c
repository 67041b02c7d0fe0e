/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host that moves one large body through the library and compares every byte with the pattern:
 *   down      as a response
 *   up        as a request, from a callback
 *   written   as a request, with gateway_exchange_write
 * It tells the most memory that the process ever held, and what was asked of the heap.
 */
#define _GNU_SOURCE
#include "expect.h"
#include "pattern.h"

#include <gateway.h>

#include <dlfcn.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

struct transfer {
    uint64_t size, sent, received;
    char answer[32];
};

static gateway_callback_status take_pattern(void *context, const void *bytes, size_t length)
{
    struct transfer *transfer = context;
    expect(pattern_matches(transfer->received, bytes, length), "a byte is not the pattern's");
    transfer->received += length;
    return GATEWAY_CONTINUE;
}

static gateway_callback_status take_answer(void *context, const void *bytes, size_t length)
{
    struct transfer *transfer = context;
    expect(transfer->received + length < sizeof transfer->answer, "the answer is too long");
    memcpy(transfer->answer + transfer->received, bytes, length);
    transfer->received += length;
    return GATEWAY_CONTINUE;
}

static gateway_read_status give_pattern(void *context, void *buffer, size_t capacity,
                                        size_t *length)
{
    struct transfer *transfer = context;
    uint64_t left = transfer->size - transfer->sent;
    *length = capacity < PATTERN_WINDOW ? capacity : PATTERN_WINDOW;
    if (*length > left) *length = (size_t)left;
    memcpy(buffer, pattern_at(transfer->sent), *length);
    transfer->sent += *length;
    return GATEWAY_READ_OK;
}

static void set_param(gateway_request *request, const char *name, const char *value)
{
    expect(gateway_request_param(request, name, strlen(name), value, strlen(value)) == GATEWAY_OK,
           name);
}

static void write_pattern(gateway_exchange *exchange, struct transfer *transfer)
{
    gateway_bytes piece;
    uint64_t left = transfer->size - transfer->sent;
    piece.bytes = pattern_at(transfer->sent);
    piece.length = left < PATTERN_WINDOW ? (size_t)left : PATTERN_WINDOW;
    transfer->sent += piece.length;
    expect(gateway_exchange_write(exchange, &piece, 1,
                                  left == piece.length ? GATEWAY_WRITE_END : 0) == GATEWAY_OK,
           "a write failed");
}

static void run_written(gateway_backend *backend, gateway_request *request,
                        struct transfer *transfer, gateway_result *result)
{
    gateway_exchange *exchange;
    gateway_event event = GATEWAY_EVENT_INIT;
    gateway_request_body_written(request, transfer->size);
    expect(gateway_exchange_open(backend, request, NULL, &exchange) == GATEWAY_OK, "no exchange");
    do {
        expect(gateway_exchange_next(exchange, &event) == GATEWAY_OK, "no event");
        if (event.type == GATEWAY_EVENT_WANTS_BODY) write_pattern(exchange, transfer);
        if (event.type == GATEWAY_EVENT_BODY)
            take_answer(transfer, event.data.bytes, event.data.length);
    } while (event.type != GATEWAY_EVENT_END);
    gateway_exchange_result(exchange, result);
    gateway_exchange_close(exchange);
}

static void run(gateway_backend *backend, gateway_request *request, const char *way, uint64_t size)
{
    gateway_callbacks callbacks = GATEWAY_CALLBACKS_INIT;
    gateway_result result = GATEWAY_RESULT_INIT;
    struct transfer transfer = {size, 0, 0, {0}};
    int is_down = strcmp(way, "down") == 0;
    char text[32];
    snprintf(text, sizeof text, is_down ? "down=%" PRIu64 : "up", size);
    set_param(request, "REQUEST_METHOD", is_down ? "GET" : "POST");
    set_param(request, "QUERY_STRING", text);
    snprintf(text, sizeof text, "%" PRIu64, size);
    if (!is_down) set_param(request, "CONTENT_LENGTH", text);
    callbacks.body = is_down ? take_pattern : take_answer;
    if (strcmp(way, "up") == 0)
        gateway_request_body_callback(request, give_pattern, &transfer, size);
    if (strcmp(way, "written") == 0)
        run_written(backend, request, &transfer, &result);
    else
        gateway_handle(backend, request, NULL, &callbacks, &transfer, &result);
    expect(result.outcome == GATEWAY_OUTCOME_COMPLETE, result.message);
    if (is_down)
        expect(transfer.received == size, "the body is too short");
    else
        expect(strcmp(transfer.answer, text) == 0, "the application got another body");
}

static unsigned long peak_kilobytes(void)
{
    char line[128];
    unsigned long peak = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (sscanf(line, "VmHWM: %lu", &peak) == 1) break;
    expect(peak > 0, "no VmHWM");
    fclose(status);
    return peak;
}

int main(int count, char **arguments)
{
    gateway_options options = GATEWAY_OPTIONS_INIT;
    gateway *library;
    gateway_backend *backend;
    gateway_request *request;
    unsigned long (*bytes)(void);
    unsigned long allocated = 0;
    expect(count == 4, "usage: large_bodies ADDRESS down|up|written SIZE");
    signal(SIGPIPE, SIG_IGN);
    options.flags = GATEWAY_SIGPIPE_IGNORED;
    pattern_prepare();
    /* Present when the counter of allocations is loaded before the others. */
    *(void **)&bytes = dlsym(RTLD_DEFAULT, "counted_bytes");
    if (bytes != NULL) allocated = bytes();
    expect(gateway_open(&options, &library) == GATEWAY_OK, "no gateway");
    expect(gateway_backend_open(library, arguments[1], NULL, &backend) == GATEWAY_OK, "no backend");
    expect(gateway_request_open(backend, &request) == GATEWAY_OK, "no request");
    run(backend, request, arguments[2], strtoull(arguments[3], NULL, 10));
    gateway_request_close(request);
    gateway_backend_close(backend);
    gateway_close(library);
    if (bytes != NULL) allocated = bytes() - allocated;
    printf("peak %lu\nallocated %lu\ncounted %d\n", peak_kilobytes(), allocated, bytes != NULL);
    return 0;
}
