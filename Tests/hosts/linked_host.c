/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host that is linked with the library and uses every way of running an exchange, in C99, C11 or
 * C++17 alike:
 *
 *     linked_host ADDRESS ROUNDS
 *
 * Each round runs each case below once; every body is compared. The application at ADDRESS does
 * what QUERY_STRING says, as Tests/bench/programs/responder.c does. A table of the cases is
 * printed; the exit status is 0 when all of them went as they must.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "../bench/programs/pattern.h"

#include <gateway.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* As much of a body as is handed over at once. */
#define PIECE ((size_t)20000)

/* What a request sends and what has come back of it: both are the pattern. */
struct transfer {
    uint64_t size, sent, received;
    uint64_t stop_after; /* bytes of the response after which the host gives up; 0: never */
    uint64_t fail_after; /* bytes of the body after which its source fails; 0: never */
    uint32_t status;
    int is_wrong;
};

struct host {
    gateway *library;
    gateway_backend *backend, *nowhere;
    gateway_request *request;
    const char *address;
    struct transfer transfer;
    gateway_result result;
};

/* ------------------------------------------------------------------------------------ callbacks */

static gateway_callback_status take_head(void *context, uint32_t status,
                                         const gateway_field *fields, size_t count)
{
    struct transfer *transfer = (struct transfer *)context;
    transfer->status = status;
    if (count == 0 || fields[0].name.length != 12) transfer->is_wrong = 1;
    return GATEWAY_CONTINUE;
}

static gateway_callback_status take_body(void *context, const void *bytes, size_t length)
{
    struct transfer *transfer = (struct transfer *)context;
    if (!pattern_matches(transfer->received, bytes, length)) transfer->is_wrong = 1;
    transfer->received += length;
    if (transfer->stop_after > 0 && transfer->received >= transfer->stop_after) return GATEWAY_STOP;
    return GATEWAY_CONTINUE;
}

static gateway_read_status give_body(void *context, void *buffer, size_t capacity, size_t *length)
{
    struct transfer *transfer = (struct transfer *)context;
    uint64_t left = transfer->size - transfer->sent;
    if (transfer->fail_after > 0 && transfer->sent >= transfer->fail_after)
        return GATEWAY_READ_FAILED;
    *length = capacity < PIECE ? capacity : PIECE;
    if (*length > left) *length = (size_t)left;
    memcpy(buffer, pattern_at(transfer->sent), *length);
    transfer->sent += *length;
    return GATEWAY_READ_OK;
}

/* ------------------------------------------------------------------------------------- requests */

static void param(gateway_request *request, const char *name, const char *value)
{
    gateway_request_param(request, name, strlen(name), value, strlen(value));
}

/* Begins a request whose answer is the pattern, or whose body of the pattern is echoed. */
static void prepare(struct host *host, const char *method, const char *query, uint64_t size)
{
    gateway_result fresh = GATEWAY_RESULT_INIT;
    char length[32];
    memset(&host->transfer, 0, sizeof host->transfer);
    host->transfer.size = size;
    host->result = fresh;
    gateway_request_clear(host->request);
    param(host->request, "REQUEST_METHOD", method);
    param(host->request, "QUERY_STRING", query);
    param(host->request, "SERVER_PROTOCOL", "HTTP/1.1");
    if (strcmp(method, "POST") == 0) {
        snprintf(length, sizeof length, "%llu", (unsigned long long)size);
        param(host->request, "CONTENT_LENGTH", length);
    }
}

static int handle(struct host *host, gateway_backend *backend,
                  const gateway_exchange_options *options)
{
    gateway_callbacks callbacks = GATEWAY_CALLBACKS_INIT;
    callbacks.head = take_head;
    callbacks.body = take_body;
    return gateway_handle(backend, host->request, options, &callbacks, &host->transfer,
                          &host->result) == GATEWAY_OK;
}

static int is_whole(const struct host *host)
{
    return host->result.outcome == GATEWAY_OUTCOME_COMPLETE && host->transfer.status == 200 &&
           host->transfer.received == host->transfer.size && !host->transfer.is_wrong;
}

static int write_piece(gateway_exchange *exchange, struct transfer *transfer)
{
    gateway_bytes pieces[2];
    uint64_t left = transfer->size - transfer->sent;
    size_t length = left < PIECE ? (size_t)left : PIECE;
    uint32_t flags = left == length ? GATEWAY_WRITE_END : 0;
    gateway_status status;
    pieces[0].bytes = pattern_at(transfer->sent);
    pieces[0].length = length / 3;
    pieces[1].bytes = pattern_at(transfer->sent + pieces[0].length);
    pieces[1].length = length - pieces[0].length;
    status = gateway_exchange_write(exchange, pieces, 2, flags);
    if (status == GATEWAY_OK) transfer->sent += length;
    return status == GATEWAY_OK || status == GATEWAY_AGAIN;
}

static int wait_for(gateway_exchange *exchange)
{
    gateway_wait wait = GATEWAY_WAIT_INIT;
    struct pollfd ready;
    int milliseconds = -1;
    if (gateway_exchange_wait(exchange, &wait) != GATEWAY_OK) return 0;
    ready.fd = wait.descriptor;
    ready.revents = 0;
    ready.events = (short)((wait.interest & GATEWAY_WAIT_READ ? POLLIN : 0) |
                           (wait.interest & GATEWAY_WAIT_WRITE ? POLLOUT : 0));
    if (wait.timeout_ms != GATEWAY_WAIT_FOREVER) milliseconds = (int)wait.timeout_ms;
    return poll(&ready, 1, milliseconds) >= 0;
}

/* Runs an exchange event by event; with stop_after it is given up once so much has come. */
static int pull(struct host *host, uint32_t flags)
{
    gateway_exchange_options options = GATEWAY_EXCHANGE_OPTIONS_INIT;
    gateway_event event = GATEWAY_EVENT_INIT;
    gateway_exchange *exchange;
    gateway_status status;
    int goes_on = 1;
    options.flags = flags;
    if (gateway_exchange_open(host->backend, host->request, &options, &exchange) != GATEWAY_OK)
        return 0;
    do {
        event.type = GATEWAY_EVENT_HEAD;
        status = gateway_exchange_next(exchange, &event);
        if (status == GATEWAY_AGAIN)
            goes_on = wait_for(exchange);
        else if (status != GATEWAY_OK)
            goes_on = 0;
        else if (event.type == GATEWAY_EVENT_HEAD)
            take_head(&host->transfer, event.http_status, event.fields, event.field_count);
        else if (event.type == GATEWAY_EVENT_WANTS_BODY)
            goes_on = write_piece(exchange, &host->transfer);
        else if (event.type == GATEWAY_EVENT_BODY &&
                 take_body(&host->transfer, event.data.bytes, event.data.length) == GATEWAY_STOP)
            gateway_exchange_cancel(exchange);
    } while (goes_on && (status == GATEWAY_AGAIN || event.type != GATEWAY_EVENT_END));
    gateway_exchange_result(exchange, &host->result);
    gateway_exchange_close(exchange);
    return goes_on;
}

/* ---------------------------------------------------------------------------------------- cases */

static int get(struct host *host)
{
    prepare(host, "GET", "down=1000", 1000);
    return handle(host, host->backend, NULL) && is_whole(host);
}

static int get_from_http(struct host *host)
{
    static const char method[] = "GET", target[] = "/wiki/page?down=200000";
    static const char name[] = "User-Agent", value[] = "linked_host";
    gateway_http_request http = GATEWAY_HTTP_REQUEST_INIT;
    gateway_field field;
    field.name.bytes = name;
    field.name.length = sizeof name - 1;
    field.value.bytes = value;
    field.value.length = sizeof value - 1;
    http.method.bytes = method;
    http.method.length = sizeof method - 1;
    http.target.bytes = target;
    http.target.length = sizeof target - 1;
    http.fields = &field;
    http.field_count = 1;
    prepare(host, "GET", "", 200000);
    gateway_request_clear(host->request);
    return gateway_request_http(host->request, &http) == GATEWAY_OK &&
           handle(host, host->backend, NULL) && is_whole(host);
}

static int get_event_by_event(struct host *host)
{
    prepare(host, "GET", "down=300000", 300000);
    return pull(host, 0) && is_whole(host);
}

static int get_nonblocking(struct host *host)
{
    prepare(host, "GET", "down=300000", 300000);
    return pull(host, GATEWAY_EXCHANGE_NONBLOCKING) && is_whole(host);
}

static int post_bytes(struct host *host)
{
    prepare(host, "POST", "echo", 100000);
    gateway_request_body_bytes(host->request, pattern_at(0), 100000);
    return handle(host, host->backend, NULL) && is_whole(host);
}

static int post_callback(struct host *host)
{
    prepare(host, "POST", "echo", 1000000);
    gateway_request_body_callback(host->request, give_body, &host->transfer, 1000000);
    return handle(host, host->backend, NULL) && is_whole(host);
}

static int post_callback_nonblocking(struct host *host)
{
    prepare(host, "POST", "echo", 500000);
    gateway_request_body_callback(host->request, give_body, &host->transfer, 500000);
    return pull(host, GATEWAY_EXCHANGE_NONBLOCKING) && is_whole(host);
}

static int post_written(struct host *host)
{
    prepare(host, "POST", "echo", 500000);
    gateway_request_body_written(host->request, 500000);
    return pull(host, 0) && is_whole(host);
}

static int post_written_nonblocking(struct host *host)
{
    prepare(host, "POST", "echo", 500000);
    gateway_request_body_written(host->request, 500000);
    return pull(host, GATEWAY_EXCHANGE_NONBLOCKING) && is_whole(host);
}

/* Given up in the middle: some of the body came, and what came was right. */
static int is_cancelled(const struct host *host, uint64_t at_least)
{
    return host->result.outcome == GATEWAY_OUTCOME_CANCELLED &&
           host->transfer.received >= at_least && host->transfer.received < host->transfer.size &&
           !host->transfer.is_wrong;
}

static int cancelled(struct host *host)
{
    prepare(host, "GET", "down=10000000", 10000000);
    host->transfer.stop_after = 1;
    return pull(host, 0) && is_cancelled(host, 1);
}

static int cancelled_nonblocking(struct host *host)
{
    prepare(host, "GET", "down=10000000", 10000000);
    host->transfer.stop_after = 400000;
    return pull(host, GATEWAY_EXCHANGE_NONBLOCKING) && is_cancelled(host, 400000);
}

static int stopped_by_callback(struct host *host)
{
    prepare(host, "GET", "down=10000000", 10000000);
    host->transfer.stop_after = 1;
    return handle(host, host->backend, NULL) && is_cancelled(host, 1);
}

static int body_failed(struct host *host)
{
    prepare(host, "POST", "up", 1000000);
    host->transfer.fail_after = 300000;
    gateway_request_body_callback(host->request, give_body, &host->transfer, 1000000);
    return handle(host, host->backend, NULL) && is_cancelled(host, 0);
}

static int timed_out(struct host *host)
{
    gateway_exchange_options options = GATEWAY_EXCHANGE_OPTIONS_INIT;
    options.head_timeout_ms = 5;
    prepare(host, "GET", "hang", 0);
    return handle(host, host->backend, &options) && host->transfer.status == 0 &&
           host->result.outcome == GATEWAY_OUTCOME_TIMED_OUT &&
           host->result.stage == GATEWAY_STAGE_HEAD && host->result.http_status == 504;
}

static int refused(struct host *host)
{
    prepare(host, "GET", "down=1000", 1000);
    return handle(host, host->nowhere, NULL) && host->transfer.status == 0 &&
           host->result.outcome == GATEWAY_OUTCOME_CONNECT_FAILED &&
           host->result.http_status == 503;
}

static int bad_request(struct host *host)
{
    prepare(host, "GET", "down=1000", 1000);
    return gateway_request_param(host->request, "A\0B", 3, "", 0) == GATEWAY_ERR_ENCODING &&
           handle(host, host->backend, NULL) &&
           host->result.outcome == GATEWAY_OUTCOME_BAD_REQUEST;
}

static int connect_to(const char *address)
{
    struct sockaddr_un local;
    struct sockaddr_in inet;
    struct sockaddr *name = (struct sockaddr *)&local;
    socklen_t size = sizeof local;
    int descriptor;
    memset(&local, 0, sizeof local);
    memset(&inet, 0, sizeof inet);
    if (strncmp(address, "unix:", 5) == 0) {
        local.sun_family = AF_UNIX;
        strncpy(local.sun_path, address + 5, sizeof local.sun_path - 1);
    } else {
        inet.sin_family = AF_INET;
        inet.sin_port = htons((uint16_t)atoi(strrchr(address, ':') + 1));
        inet.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        name = (struct sockaddr *)&inet;
        size = sizeof inet;
    }
    descriptor = socket(name->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor >= 0 && connect(descriptor, name, size) == 0) return descriptor;
    perror(address);
    exit(2);
}

/* Two exchanges on one connection of the host's own, with and without O_NONBLOCK. */
static int run_supplied(struct host *host, int is_nonblocking)
{
    gateway_exchange_options options = GATEWAY_EXCHANGE_OPTIONS_INIT;
    uint32_t id;
    int is_right = 1;
    options.supplied = 1;
    options.descriptor = connect_to(host->address);
    options.flags = GATEWAY_EXCHANGE_KEEP_CONNECTION;
    if (is_nonblocking) {
        options.flags |= GATEWAY_EXCHANGE_DESCRIPTOR_NONBLOCKING;
        if (fcntl(options.descriptor, F_SETFL, O_NONBLOCK) != 0) is_right = 0;
    }
    for (id = 1; id <= 2 && is_right; id++) {
        options.request_id = id;
        options.previous_request_id = id - 1;
        prepare(host, "POST", "echo", 90000);
        gateway_request_body_bytes(host->request, pattern_at(0), 90000);
        is_right = handle(host, host->backend, &options) && is_whole(host) &&
                   (host->result.flags & GATEWAY_RESULT_REUSABLE) != 0;
    }
    close(options.descriptor);
    return is_right;
}

static int supplied(struct host *host)
{
    return run_supplied(host, 0);
}

static int supplied_nonblocking(struct host *host)
{
    return run_supplied(host, 1);
}

static const struct {
    const char *name;
    int (*run)(struct host *host);
} cases[] = {
    {"GET", get},
    {"GET from an HTTP request", get_from_http},
    {"GET, event by event", get_event_by_event},
    {"GET, non-blocking", get_nonblocking},
    {"POST of bytes", post_bytes},
    {"POST by callback", post_callback},
    {"POST by callback, non-blocking", post_callback_nonblocking},
    {"POST written", post_written},
    {"POST written, non-blocking", post_written_nonblocking},
    {"cancelled", cancelled},
    {"cancelled, non-blocking", cancelled_nonblocking},
    {"stopped by the callback", stopped_by_callback},
    {"body failed", body_failed},
    {"timed out", timed_out},
    {"refused", refused},
    {"bad request", bad_request},
    {"supplied connection", supplied},
    {"supplied connection, non-blocking", supplied_nonblocking},
};

enum { CASES = sizeof cases / sizeof cases[0] };

/* On a backend whose connections are kept, and on one whose are not, in turn. */
static int run_round(gateway *library, const char *address, int round, int *passed)
{
    gateway_backend_options options = GATEWAY_BACKEND_OPTIONS_INIT;
    struct host host;
    int index, failures = 0;
    memset(&host, 0, sizeof host);
    host.library = library;
    host.address = address;
    options.flags = round % 2 == 0 ? GATEWAY_BACKEND_KEEP_CONNECTIONS : 0;
    if (gateway_backend_open(library, address, &options, &host.backend) != GATEWAY_OK ||
        gateway_backend_open(library, "unix:/nonexistent/gateway", NULL, &host.nowhere) !=
            GATEWAY_OK ||
        gateway_request_open(host.backend, &host.request) != GATEWAY_OK)
        return -1;
    for (index = 0; index < CASES; index++) {
        if (cases[index].run(&host)) {
            passed[index]++;
        } else {
            fprintf(stderr, "round %d: %s: %s, %s at %s: %s; %llu of %llu bytes\n", round,
                    cases[index].name, host.transfer.is_wrong ? "wrong bytes" : "right bytes",
                    gateway_outcome_name(host.result.outcome),
                    gateway_stage_name(host.result.stage), host.result.message,
                    (unsigned long long)host.transfer.received,
                    (unsigned long long)host.transfer.size);
            failures++;
        }
    }
    gateway_request_close(host.request);
    gateway_backend_close(host.nowhere);
    gateway_backend_close(host.backend);
    return failures;
}

static int open_descriptors(void)
{
    int descriptor, count = 0;
    for (descriptor = 0; descriptor < 4096; descriptor++) count += fcntl(descriptor, F_GETFD) >= 0;
    return count;
}

int main(int count, char **arguments)
{
    gateway *library;
    int passed[CASES], round, rounds, index, is_right = 1, descriptors = open_descriptors();
    memset(passed, 0, sizeof passed);
    if (count != 3 || gateway_abi_version() != GATEWAY_ABI_VERSION) {
        fprintf(stderr, "usage: linked_host ADDRESS ROUNDS\n");
        return 2;
    }
    rounds = atoi(arguments[2]);
    pattern_prepare();
    /* SIGPIPE stays as it is: the library never raises it. */
    if (gateway_open(NULL, &library) != GATEWAY_OK) return 2;
    for (round = 0; round < rounds; round++)
        if (run_round(library, arguments[1], round, passed) != 0) is_right = 0;
    gateway_close(library);
    if (open_descriptors() != descriptors) {
        fprintf(stderr, "%d descriptors are left open\n", open_descriptors() - descriptors);
        is_right = 0;
    }
    for (index = 0; index < CASES; index++)
        printf("%-36s %6d of %d\n", cases[index].name, passed[index], rounds);
    return is_right ? 0 : 1;
}
