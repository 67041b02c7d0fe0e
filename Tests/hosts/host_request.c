/* SPDX-License-Identifier: Apache-2.0 */
#define _POSIX_C_SOURCE 200809L

#include "host_request.h"

#include "host_socket.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A callback hands over pieces of this size, which divides no record evenly. */
#define PIECE_SIZE 50021

static gateway_status check(const struct host *host, gateway_status status, const char *call)
{
    if (status != GATEWAY_OK)
        fprintf(stderr, "dlopen_host: %s: %s\n", call, host->loaded.status_name(status));
    return status;
}

int host_open(struct host *host)
{
    gateway_options options = GATEWAY_OPTIONS_INIT;
    gateway_backend_options limits = GATEWAY_BACKEND_OPTIONS_INIT;
    const char *address = host->options.supplied ? NULL : host->options.address;
    size_t i;

    for (i = 0; i < host->options.body_size; i++) {
        char byte = (char)('a' + i % 23);
        if (bytes_append(&host->body, &byte, 1) != 0)
            return -1;
    }
    if (host->options.body_file) {
        if (bytes_read_file(&host->body, host->options.body_file) != 0)
            return -1;
        host->body_descriptor = open(host->options.body_file, O_RDONLY | O_CLOEXEC);
    }
    if (host->options.expect_body_file &&
        bytes_read_file(&host->expected, host->options.expect_body_file) != 0)
        return -1;
    if (!host->options.sigpipe_default)
        options.flags = GATEWAY_SIGPIPE_IGNORED;
    if (host->options.keep)
        limits.flags = GATEWAY_BACKEND_KEEP_CONNECTIONS;
    limits.connect_timeout_ms = (uint32_t)host->options.timeout_ms;
    limits.send_timeout_ms = (uint32_t)host->options.timeout_ms;
    limits.head_timeout_ms = (uint32_t)host->options.timeout_ms;
    limits.read_timeout_ms = (uint32_t)host->options.timeout_ms;
    if (check(host, host->loaded.open(&options, &host->gateway), "open") != GATEWAY_OK)
        return -1;
    return check(host,
                 host->loaded.backend_open(host->gateway, address, &limits, &host->backend),
                 "backend_open") == GATEWAY_OK
               ? 0
               : -1;
}

void host_close(struct host *host)
{
    host->loaded.backend_close(host->backend);
    host->loaded.close(host->gateway);
    bytes_free(&host->body);
    bytes_free(&host->expected);
    if (host->options.body_file)
        close(host->body_descriptor);
}

void response_free(struct response *response)
{
    bytes_free(&response->fields);
    bytes_free(&response->body);
    bytes_free(&response->error_text);
}

/* Puts the request's number in the place of each %n. */
static void fill_in(char *filled, size_t size, const char *pattern, unsigned long number)
{
    size_t length = 0;

    while (*pattern && length + 24 < size) {
        if (pattern[0] == '%' && pattern[1] == 'n') {
            length += (size_t)sprintf(filled + length, "%lu", number);
            pattern += 2;
        } else {
            filled[length++] = *pattern++;
        }
    }
    filled[length] = '\0';
}

static gateway_status add_param(const struct host *host, gateway_request *request,
                                const char *name, const char *value)
{
    return check(host,
                 host->loaded.request_param(request, name, strlen(name), value, strlen(value)),
                 name);
}

/* The params of the options, after those that the body and the method need. */
static gateway_status add_params(const struct host *host, gateway_request *request,
                                 unsigned long number)
{
    const struct host_options *options = &host->options;
    gateway_status status;
    char text[8192], length[24];
    size_t i;
    int has_method = 0;

    for (i = 0; i < options->param_count; i++)
        has_method |= strncmp(options->params[i], "REQUEST_METHOD=", 15) == 0;
    status = GATEWAY_OK;
    if (!has_method)
        status = add_param(host, request, "REQUEST_METHOD", host->body.length ? "POST" : "GET");
    if (status == GATEWAY_OK && host->body.length > 0) {
        sprintf(length, "%zu", host->body.length);
        status = add_param(host, request, "CONTENT_LENGTH", length);
    }
    for (i = 0; status == GATEWAY_OK && i < options->param_count; i++) {
        char *value;
        fill_in(text, sizeof(text), options->params[i], number);
        value = strchr(text, '=');
        *value = '\0';
        status = add_param(host, request, text, value + 1);
    }
    return status;
}

struct body_reader {
    const struct bytes *body;
    size_t at;
};

static gateway_read_status read_piece(void *context, void *buffer, size_t capacity, size_t *length)
{
    struct body_reader *reader = context;
    size_t left = reader->body->length - reader->at;

    *length = left < capacity ? left : capacity;
    if (*length > PIECE_SIZE)
        *length = PIECE_SIZE;
    memcpy(buffer, reader->body->data + reader->at, *length);
    reader->at += *length;
    return GATEWAY_READ_OK;
}

static gateway_status set_body(const struct host *host, gateway_request *request,
                               struct body_reader *reader)
{
    const struct bytes *body = &host->body;

    if (body->length == 0)
        return GATEWAY_OK;
    switch (host->options.body_way) {
    case BODY_BYTES:
        return host->loaded.request_body_bytes(request, body->data, body->length);
    case BODY_CALLBACK:
        return host->loaded.request_body_callback(request, read_piece, reader, body->length);
    case BODY_DESCRIPTOR:
        return host->loaded.request_body_descriptor(request, host->body_descriptor, 0,
                                                    body->length);
    case BODY_WRITTEN:
        return host->loaded.request_body_written(request, body->length);
    }
    return GATEWAY_ERR_INVALID;
}

static void add_field(struct response *response, const gateway_field *field)
{
    bytes_append(&response->fields, "field ", 6);
    bytes_append(&response->fields, field->name.bytes, field->name.length);
    bytes_append(&response->fields, ": ", 2);
    bytes_append(&response->fields, field->value.bytes, field->value.length);
    bytes_append(&response->fields, "\n", 1);
}

static gateway_callback_status take_head(void *context, uint32_t http_status,
                                         const gateway_field *fields, size_t field_count)
{
    struct response *response = context;
    size_t i;

    response->head_status = http_status;
    for (i = 0; i < field_count; i++)
        add_field(response, &fields[i]);
    return GATEWAY_CONTINUE;
}

static gateway_callback_status take_body(void *context, const void *data, size_t length)
{
    struct response *response = context;

    return bytes_append(&response->body, data, length) == 0 ? GATEWAY_CONTINUE : GATEWAY_STOP;
}

static gateway_callback_status take_error_text(void *context, const void *data, size_t length)
{
    struct response *response = context;

    bytes_append(&response->error_text, data, length);
    return GATEWAY_CONTINUE;
}

/* The next piece of a body that this host writes itself. */
static gateway_status write_piece(const struct host *host, gateway_exchange *exchange,
                                  struct body_reader *reader)
{
    gateway_bytes piece;
    size_t left = reader->body->length - reader->at;
    gateway_status status;

    piece.bytes = reader->body->data + reader->at;
    piece.length = left < PIECE_SIZE ? left : PIECE_SIZE;
    status = host->loaded.exchange_write(exchange, &piece, 1,
                                         piece.length == left ? GATEWAY_WRITE_END : 0);
    if (status == GATEWAY_OK)
        reader->at += piece.length;
    return status;
}

static gateway_status run_exchange(const struct host *host, gateway_request *request,
                                   const gateway_exchange_options *options,
                                   struct body_reader *reader, struct response *response)
{
    gateway_exchange *exchange;
    gateway_event event = GATEWAY_EVENT_INIT;
    gateway_status status = host->loaded.exchange_open(host->backend, request, options, &exchange);

    if (status != GATEWAY_OK)
        return status;
    do {
        status = host->loaded.exchange_next(exchange, &event);
        if (status != GATEWAY_OK)
            break;
        if (event.type == GATEWAY_EVENT_HEAD)
            take_head(response, event.http_status, event.fields, event.field_count);
        else if (event.type == GATEWAY_EVENT_BODY)
            take_body(response, event.data.bytes, event.data.length);
        else if (event.type == GATEWAY_EVENT_STDERR)
            take_error_text(response, event.data.bytes, event.data.length);
        else if (event.type == GATEWAY_EVENT_WANTS_BODY)
            status = write_piece(host, exchange, reader);
    } while (status == GATEWAY_OK && event.type != GATEWAY_EVENT_END);
    if (status == GATEWAY_OK)
        status = host->loaded.exchange_result(exchange, &response->result);
    host->loaded.exchange_close(exchange);
    return status;
}

static gateway_status run(const struct host *host, gateway_request *request,
                          struct body_reader *reader, struct response *response)
{
    gateway_exchange_options options = GATEWAY_EXCHANGE_OPTIONS_INIT;
    gateway_callbacks callbacks = GATEWAY_CALLBACKS_INIT;
    gateway_status status;

    if (host->options.supplied) {
        options.supplied = 1;
        options.descriptor = host_socket_connect(host->options.address);
        if (options.descriptor < 0)
            return GATEWAY_ERR_SYSTEM;
    }
    callbacks.head = take_head;
    callbacks.body = take_body;
    callbacks.error_text = take_error_text;
    if (host->options.by_exchange || host->options.body_way == BODY_WRITTEN)
        status = run_exchange(host, request, &options, reader, response);
    else
        status = host->loaded.handle(host->backend, request, &options, &callbacks, response,
                                     &response->result);
    if (host->options.supplied)
        close(options.descriptor);
    return status;
}

int host_run_request(const struct host *host, unsigned long number, struct response *response)
{
    static const gateway_result no_result = GATEWAY_RESULT_INIT;
    struct body_reader reader;
    gateway_request *request;
    gateway_status status;

    reader.body = &host->body;
    reader.at = 0;
    response->number = number;
    response->result = no_result;
    response->head_status = 0;
    response->fields.length = response->body.length = response->error_text.length = 0;
    if (check(host, host->loaded.request_open(host->backend, &request), "request_open"))
        return -1;
    status = add_params(host, request, number);
    if (status == GATEWAY_OK)
        status = check(host, set_body(host, request, &reader), "body");
    if (status == GATEWAY_OK)
        status = check(host, run(host, request, &reader, response), "exchange");
    host->loaded.request_close(request);
    return status == GATEWAY_OK ? 0 : -1;
}

static int same(const struct bytes *bytes, const char *data, size_t length)
{
    return bytes->length == length && (length == 0 || memcmp(bytes->data, data, length) == 0);
}

int host_response_expected(const struct host *host, const struct response *response)
{
    const struct host_options *options = &host->options;
    const gateway_result *result = &response->result;
    char text[8192];

    if (strcmp(host->loaded.outcome_name(result->outcome), options->expect_outcome) != 0)
        return 0;
    if (options->expect_status && result->http_status != options->expect_status)
        return 0;
    if (options->expect_echo && !same(&response->body, host->body.data, host->body.length))
        return 0;
    if (options->expect_in_body && !bytes_contain(&response->body, options->expect_in_body))
        return 0;
    if (options->expect_body_file &&
        !same(&response->body, host->expected.data, host->expected.length))
        return 0;
    if (options->expect_body) {
        fill_in(text, sizeof(text) - 1, options->expect_body, response->number);
        strcat(text, "\n");
        return same(&response->body, text, strlen(text));
    }
    return 1;
}
