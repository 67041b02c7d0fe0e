/* SPDX-License-Identifier: Apache-2.0 */
/* The least that 64 small requests at a time cost one thread, watched as in epoll_library.c. */
#define _GNU_SOURCE
#include "processor_time.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

enum { CONNECTIONS = 64, WARM_UP = 10000 };
static char request[65536], answer[131072];
static struct iovec vector = {request, 0};
static int epoll, connections[CONNECTIONS];

static void begin(int connection)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data = {.fd = connection}};
    if (writev(connection, &vector, 1) != (ssize_t)vector.iov_len) abort();
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, connection, &event) != 0) abort();
}

static void run(int count)
{
    struct epoll_event events[CONNECTIONS];
    int begun, ended, ready, at;
    for (begun = 0; begun < CONNECTIONS; begun++) begin(connections[begun]);
    for (ended = 0; ended < count; ended += ready)
        for (ready = epoll_wait(epoll, events, CONNECTIONS, -1), at = 0; at < ready; at++) {
            if (recv(events[at].data.fd, answer, sizeof answer, 0) < 16) abort();
            if (epoll_ctl(epoll, EPOLL_CTL_DEL, events[at].data.fd, NULL) != 0) abort();
            if (begun < count && begun++) begin(events[at].data.fd);
        }
}

int main(int argument_count, char **arguments)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    struct rusage before, after;
    if (argument_count != 4) return 2;
    FILE *encoded = fopen(arguments[2], "rb");
    int count = atoi(arguments[3]), at;
    vector.iov_len = encoded == NULL ? 0 : fread(request, 1, sizeof request, encoded);
    snprintf(name.sun_path, sizeof name.sun_path, "%s", arguments[1]);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    for (at = 0; at < CONNECTIONS; at++) {
        connections[at] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (connect(connections[at], (struct sockaddr *)&name, sizeof name) != 0) abort();
    }
    run(WARM_UP);
    getrusage(RUSAGE_SELF, &before);
    run(count);
    getrusage(RUSAGE_SELF, &after);
    print_processor_time(&before, &after, count);
    return 0;
}
