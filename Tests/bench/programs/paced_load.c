/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client of an HTTP server on a port of this machine, which asks at a steady rate whatever became
 * of the requests before: a request's time counts from when it was due, so that a server that
 * stands still cannot hide it. Rate 0 asks without a pause. Each body is compared with a file's.
 *
 *     paced_load PORT TARGET RIGHT CONNECTIONS RATE SECONDS
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 1024, ANSWER_MAX = 8192, SECOND = 1000000000 };

struct connection {
    int descriptor;
    uint64_t due;
    size_t length;
    char answer[ANSWER_MAX + 1];
};

static struct connection connections[CONNECTIONS_MAX], *idle[CONNECTIONS_MAX];
static int epoll, idle_count;
static char request[1024], right[ANSWER_MAX];
static size_t request_length, right_length;
static double *times;
static size_t time_count, time_room, wrong;

static void expect(int holds, const char *what)
{
    if (holds) return;
    perror(what);
    exit(1);
}

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

static void open_connection(struct connection *connection, int port)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = connection}};
    int on = 1;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connection->descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    expect(connect(connection->descriptor, (struct sockaddr *)&name, sizeof name) == 0, "connect");
    setsockopt(connection->descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    expect(epoll_ctl(epoll, EPOLL_CTL_ADD, connection->descriptor, &event) == 0, "epoll");
    idle[idle_count++] = connection;
}

static void ask(uint64_t due)
{
    struct connection *connection = idle[--idle_count];
    connection->due = due;
    connection->length = 0;
    expect(send(connection->descriptor, request, request_length, MSG_NOSIGNAL) ==
               (ssize_t)request_length,
           "send");
}

/* Joins the chunks of a body in their place; false while the last one is not there. */
static int join_chunks(char *body, size_t *length)
{
    char *from = body, *to = body, *end;
    while ((end = strstr(from, "\r\n")) != NULL) {
        size_t size = strtoul(from, NULL, 16);
        from = end + 2;
        if (strlen(from) < size + 2) return 0;
        if (size == 0) break;
        memmove(to, from, size);
        to += size;
        from += size + 2;
    }
    *length = (size_t)(to - body);
    return end != NULL;
}

/* Whether the answer is whole. Stock takes an application's Content-Length away. */
static int body_is_whole(struct connection *connection, char **body, size_t *length)
{
    char copy[ANSWER_MAX + 1], *field;
    *body = strstr(connection->answer, "\r\n\r\n");
    if (*body == NULL) return 0;
    *body += 4;
    field = strcasestr(connection->answer, "\r\nContent-Length:");
    if (field != NULL && field < *body) {
        *length = strtoul(field + 17, NULL, 10);
        return connection->length - (size_t)(*body - connection->answer) >= *length;
    }
    strcpy(copy, *body);
    if (!join_chunks(copy, length)) return 0;
    memcpy(*body, copy, *length);
    return 1;
}

static int receive(struct connection *connection)
{
    ssize_t count = recv(connection->descriptor, connection->answer + connection->length,
                         ANSWER_MAX - connection->length, 0);
    char *body;
    size_t length;
    expect(count > 0, "the server closed a connection");
    connection->length += (size_t)count;
    connection->answer[connection->length] = 0;
    if (!body_is_whole(connection, &body, &length)) return 0;
    wrong += strncmp(connection->answer, "HTTP/1.1 200", 12) != 0 || length != right_length ||
             memcmp(body, right, right_length) != 0;
    return 1;
}

static void finish(struct connection *connection)
{
    if (time_count == time_room) {
        time_room = time_room == 0 ? 1 << 16 : time_room * 2;
        times = realloc(times, time_room * sizeof *times);
        expect(times != NULL, "memory");
    }
    times[time_count++] = (double)(now() - connection->due) / 1000;
    idle[idle_count++] = connection;
}

static void turn(uint64_t wait)
{
    struct epoll_event events[64];
    struct timespec limit = {(time_t)(wait / SECOND), (long)(wait % SECOND)};
    int count = epoll_pwait2(epoll, events, 64, &limit, NULL);
    expect(count >= 0, "epoll");
    for (int index = 0; index < count; index++)
        if (receive(events[index].data.ptr)) finish(events[index].data.ptr);
}

static int compare(const void *left, const void *right_one)
{
    double a = *(const double *)left, b = *(const double *)right_one;
    return (a > b) - (a < b);
}

static void run(int count, double rate, uint64_t seconds)
{
    uint64_t start = now(), time = start, stop = start + seconds * SECOND, due = start, asked = 0;
    while (time < stop) {
        while (idle_count > 0 && (rate == 0 || due <= time)) {
            ask(rate == 0 ? time : due);
            due = start + (uint64_t)((double)++asked * SECOND / rate);
        }
        turn(rate == 0 || idle_count == 0 ? stop - time : due > time ? due - time : 0);
        time = now();
    }
    while (idle_count < count) {
        expect(now() < stop + 10ull * SECOND, "an answer did not come");
        turn(SECOND);
    }
    expect(time_count > 0, "no answers");
    qsort(times, time_count, sizeof *times, compare);
    printf("requests %zu\nwrong %zu\nrate %.1f\np50 %.1f\np99 %.1f\n", time_count, wrong,
           (double)time_count * SECOND / (double)(now() - start), times[time_count / 2],
           times[time_count * 99 / 100]);
}

int main(int argument_count, char **arguments)
{
    FILE *file;
    int count;
    if (argument_count != 7) return 2;
    file = fopen(arguments[3], "rb");
    expect(file != NULL, arguments[3]);
    right_length = fread(right, 1, sizeof right, file);
    request_length = (size_t)snprintf(request, sizeof request,
                                      "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", arguments[2]);
    count = atoi(arguments[4]);
    expect(count > 0 && count <= CONNECTIONS_MAX, "CONNECTIONS");
    epoll = epoll_create1(EPOLL_CLOEXEC);
    for (int index = 0; index < count; index++)
        open_connection(&connections[index], atoi(arguments[1]));
    run(count, atof(arguments[5]), strtoull(arguments[6], NULL, 10));
    return 0;
}
