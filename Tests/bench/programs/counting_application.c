/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An application that would take any number of requests at once, each on a thread of its own, and
 * records how many it had at most. Each waits as many milliseconds as its parameter MS says. Where
 * TOKEN is a number, it has to be larger than the one before: otherwise the request is out of
 * order. The counts are told when its standard input ends.
 */
#define _GNU_SOURCE
#include "application.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned active, peak, served, disordered;
static unsigned long last_token;

static void begin(unsigned long token)
{
    pthread_mutex_lock(&lock);
    served++;
    if (++active > peak) peak = active;
    if (token > 0) {
        disordered += token <= last_token;
        last_token = token;
    }
    pthread_mutex_unlock(&lock);
}

/* Before the answer is sent: the next one may come as soon as it is. */
static void end(void)
{
    pthread_mutex_lock(&lock);
    active--;
    pthread_mutex_unlock(&lock);
}

static unsigned long number(const struct request *request, const char *name)
{
    char text[32];
    return request_param(request, name, text, sizeof text) ? strtoul(text, NULL, 10) : 0;
}

static bool answer(struct connection *connection, const struct request *request)
{
    static const char content[] = "Content-Type: text/plain\r\n\r\nanswered";
    unsigned long milliseconds = number(request, "MS");
    struct timespec pause = {(time_t)(milliseconds / 1000), (long)(milliseconds % 1000) * 1000000};
    uint8_t bytes[128], *last = put_header(bytes, TYPE_STDOUT, request->id, sizeof content - 1);
    struct record record;
    memcpy(last, content, sizeof content - 1);
    last = put_end(last + sizeof content - 1, request->id);
    begin(number(request, "TOKEN"));
    do
        if (!receive_record(connection, &record)) {
            end();
            return false;
        }
    while (record.length > 0);
    nanosleep(&pause, NULL);
    end();
    return send_all(connection->descriptor, bytes, (size_t)(last - bytes));
}

static void serve(struct connection *connection)
{
    struct request request;
    while (receive_request(connection, &request) && answer(connection, &request) && request.keeps)
        continue;
}

static void *accept_requests(void *listener)
{
    application_accept(*(int *)listener, serve);
    return NULL;
}

int main(int count, char **arguments)
{
    pthread_t thread;
    int listener;
    if (count != 2) {
        fprintf(stderr, "usage: counting_application ADDRESS\n");
        return 2;
    }
    listener = application_listen(arguments[1]);
    pthread_create(&thread, NULL, accept_requests, &listener);
    while (getchar() != EOF) continue;
    printf("peak %u\nserved %u\ndisordered %u\n", peak, served, disordered);
    return 0;
}
