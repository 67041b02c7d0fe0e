/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An application that keeps its connections for a moment only: each is closed 0 to 5 ms after an
 * answer. On half of the occasions it serves what comes before then, on the others it no longer
 * looks. One in eight of the requests on a used connection it runs and does not answer. It counts
 * how often each request ran, by the number in TOKEN, answers with that number, and tells the
 * counts when its standard input ends.
 */
#define _GNU_SOURCE
#include "application.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static atomic_uint *runs;
static atomic_uint unanswered_posts;
static size_t token_count;

/* Runs a request and answers it, unless it is to be dropped. */
static bool run(struct connection *connection, uint16_t id, const char *token, bool drops)
{
    unsigned long number = strtoul(token, NULL, 10);
    uint8_t bytes[256], *end;
    struct record record;
    int length = snprintf((char *)bytes + 8, sizeof bytes - 64,
                          "Content-Type: text/plain\r\n\r\n%s", token);
    put_header(bytes, TYPE_STDOUT, id, (size_t)length);
    do
        if (!receive_record(connection, &record)) return false;
    while (record.length > 0);
    atomic_fetch_add(&runs[number % token_count], 1);
    if (drops) {
        unanswered_posts += number % 2;
        return false;
    }
    end = put_end(bytes + 8 + length, id);
    return send_all(connection->descriptor, bytes, (size_t)(end - bytes));
}

/* Stays for a moment; whether another request is to be served. */
static bool stays(int descriptor, unsigned *seed)
{
    struct pollfd readable = {descriptor, POLLIN, 0};
    struct timespec moment = {0, rand_r(seed) % 5000 * 1000L};
    if (rand_r(seed) % 2 == 0) return ppoll(&readable, 1, &moment, NULL) > 0;
    nanosleep(&moment, NULL);
    return false;
}

static void serve(struct connection *connection)
{
    static atomic_uint seeds;
    unsigned seed = atomic_fetch_add(&seeds, 1);
    bool is_used = false;
    struct request request;
    char token[32];
    while (receive_request(connection, &request) &&
           request_param(&request, "TOKEN", token, sizeof token) &&
           run(connection, request.id, token, is_used && rand_r(&seed) % 8 == 0) &&
           request.keeps && stays(connection->descriptor, &seed))
        is_used = true;
}

static void *accept_requests(void *listener)
{
    application_accept(*(int *)listener, serve);
    return NULL;
}

/* POST requests have the odd numbers. */
static void tell(void)
{
    unsigned long unrun_gets = 0, unrun_posts = 0, doubled_posts = 0;
    size_t token;
    for (token = 0; token < token_count; token++) {
        unsigned count = atomic_load(&runs[token]);
        if (token % 2 == 0) {
            unrun_gets += count == 0;
        } else {
            unrun_posts += count == 0;
            doubled_posts += count > 1;
        }
    }
    printf("unrun_gets %lu\nunrun_posts %lu\nunanswered_posts %u\ndoubled_posts %lu\n", unrun_gets,
           unrun_posts, unanswered_posts, doubled_posts);
}

int main(int count, char **arguments)
{
    pthread_t thread;
    int listener;
    if (count != 3) {
        fprintf(stderr, "usage: fickle_application ADDRESS TOKENS\n");
        return 2;
    }
    token_count = strtoul(arguments[2], NULL, 10);
    runs = calloc(token_count, sizeof *runs);
    if (runs == NULL) return 2;
    listener = application_listen(arguments[1]);
    pthread_create(&thread, NULL, accept_requests, &listener);
    while (getchar() != EOF) continue;
    tell();
    return 0;
}
