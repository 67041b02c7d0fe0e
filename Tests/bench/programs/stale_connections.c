/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host whose threads share one backend with kept connections, and pause 0 to 5 ms between two
 * requests, so that many a connection ends just when it is used again. Every request carries a
 * number that its answer has to repeat; even ones are GET, odd ones POST with a body.
 */
#define _GNU_SOURCE
#include "expect.h"

#include <gateway.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { THREADS = 16 };

static gateway_backend *backend;
static unsigned token_count;
static atomic_uint next_token, lost_gets, failed_posts, wrong_answers, reused, retried;

struct answer {
    size_t length;
    char text[64];
};

static gateway_callback_status take_body(void *context, const void *bytes, size_t length)
{
    struct answer *answer = context;
    if (length >= sizeof answer->text - answer->length) return GATEWAY_STOP;
    memcpy(answer->text + answer->length, bytes, length);
    answer->length += length;
    return GATEWAY_CONTINUE;
}

static void set_param(gateway_request *request, const char *name, const char *value)
{
    gateway_request_param(request, name, strlen(name), value, strlen(value));
}

static void make(gateway_request *request, unsigned token)
{
    gateway_callbacks callbacks = GATEWAY_CALLBACKS_INIT;
    gateway_result result = GATEWAY_RESULT_INIT;
    struct answer answer = {0, {0}};
    int is_post = token % 2 == 1;
    char text[16];
    snprintf(text, sizeof text, "%u", token);
    gateway_request_clear(request);
    set_param(request, "REQUEST_METHOD", is_post ? "POST" : "GET");
    set_param(request, "TOKEN", text);
    if (is_post) {
        set_param(request, "CONTENT_LENGTH", "16");
        gateway_request_body_bytes(request, "sixteen bytes...", 16);
    }
    callbacks.body = take_body;
    expect(gateway_handle(backend, request, NULL, &callbacks, &answer, &result) == GATEWAY_OK,
           "the call failed");
    reused += (result.flags & GATEWAY_RESULT_REUSED) != 0;
    retried += (result.flags & GATEWAY_RESULT_RETRIED) != 0;
    if (result.outcome != GATEWAY_OUTCOME_COMPLETE) {
        if (is_post) {
            failed_posts++;
        } else if (lost_gets++ == 0) {
            fprintf(stderr, "stale_connections: lost: %s (%s, errno %d)\n", result.message,
                    gateway_stage_name(result.stage), result.error_number);
        }
    } else if (strcmp(answer.text, text) != 0) {
        wrong_answers++;
    }
}

static void *make_requests(void *seed_start)
{
    unsigned seed = *(unsigned *)seed_start, token;
    gateway_request *request;
    expect(gateway_request_open(backend, &request) == GATEWAY_OK, "no request");
    while ((token = next_token++) < token_count) {
        struct timespec pause = {0, rand_r(&seed) % 5000 * 1000L};
        make(request, token);
        nanosleep(&pause, NULL);
    }
    gateway_request_close(request);
    return NULL;
}

int main(int count, char **arguments)
{
    gateway_options options = GATEWAY_OPTIONS_INIT;
    gateway_backend_options limits = GATEWAY_BACKEND_OPTIONS_INIT;
    gateway *library;
    pthread_t threads[THREADS];
    unsigned seeds[THREADS], index;
    expect(count == 3, "usage: stale_connections ADDRESS COUNT");
    token_count = (unsigned)atoi(arguments[2]);
    signal(SIGPIPE, SIG_IGN);
    options.flags = GATEWAY_SIGPIPE_IGNORED;
    limits.flags = GATEWAY_BACKEND_KEEP_CONNECTIONS;
    expect(gateway_open(&options, &library) == GATEWAY_OK, "no gateway");
    expect(gateway_backend_open(library, arguments[1], &limits, &backend) == GATEWAY_OK,
           "no backend");
    for (index = 0; index < THREADS; index++) {
        seeds[index] = index + 1;
        expect(pthread_create(&threads[index], NULL, make_requests, &seeds[index]) == 0,
               "no thread");
    }
    for (index = 0; index < THREADS; index++) pthread_join(threads[index], NULL);
    gateway_backend_close(backend);
    gateway_close(library);
    printf("lost_gets %u\nfailed_posts %u\nwrong_answers %u\nreused %u\nretried %u\n", lost_gets,
           failed_posts, wrong_answers, reused, retried);
    return 0;
}
