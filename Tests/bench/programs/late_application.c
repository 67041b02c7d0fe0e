/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An application that accepts every connection and answers none before a request comes that has the
 * word RELEASE in it; from then on it answers all, and at once. One thread on epoll, for many
 * thousands of connections at a time.
 */
#define _GNU_SOURCE
#include "application.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_MAX = 2048, DESCRIPTORS_MAX = 1 << 20 };

struct pending {
    size_t length;
    uint8_t bytes[REQUEST_MAX];
};

static struct pending *pending[DESCRIPTORS_MAX];
static int last_descriptor, epoll, listener;
static bool is_released;

static bool is_whole(const struct pending *request)
{
    static const uint8_t empty_stdin[] = {1, TYPE_STDIN, 0, 1, 0, 0, 0, 0};
    return request->length >= sizeof empty_stdin &&
           memcmp(request->bytes + request->length - sizeof empty_stdin, empty_stdin,
                  sizeof empty_stdin) == 0;
}

static void answer(int descriptor)
{
    static const char content[] = "Content-Type: text/plain\r\n\r\nanswered";
    uint8_t bytes[128], *end = put_header(bytes, TYPE_STDOUT, 1, sizeof content - 1);
    memcpy(end, content, sizeof content - 1);
    end = put_end(end + sizeof content - 1, 1);
    send_all(descriptor, bytes, (size_t)(end - bytes));
    close(descriptor);
    free(pending[descriptor]);
    pending[descriptor] = NULL;
}

static void release(void)
{
    is_released = true;
    for (int descriptor = 0; descriptor <= last_descriptor; descriptor++)
        if (pending[descriptor] != NULL && is_whole(pending[descriptor])) answer(descriptor);
}

static void take(void)
{
    struct epoll_event event = {.events = EPOLLIN};
    event.data.fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (event.data.fd < 0) return;
    pending[event.data.fd] = calloc(1, sizeof *pending[0]);
    if (event.data.fd > last_descriptor) last_descriptor = event.data.fd;
    epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
}

static void receive(int descriptor)
{
    struct pending *request = pending[descriptor];
    ssize_t count;
    if (request == NULL) return;
    count = recv(descriptor, request->bytes + request->length, REQUEST_MAX - request->length, 0);
    if (count <= 0) {
        close(descriptor);
        free(request);
        pending[descriptor] = NULL;
        return;
    }
    request->length += (size_t)count;
    if (!is_whole(request)) return;
    if (!is_released && memmem(request->bytes, request->length, "RELEASE", 7) != NULL) release();
    else if (is_released) answer(descriptor);
}

int main(int count, char **arguments)
{
    struct epoll_event event = {.events = EPOLLIN};
    struct rlimit limit;
    if (count != 2) {
        fprintf(stderr, "usage: late_application ADDRESS\n");
        return 2;
    }
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max < DESCRIPTORS_MAX ? limit.rlim_max : DESCRIPTORS_MAX;
    setrlimit(RLIMIT_NOFILE, &limit);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    listener = event.data.fd = application_listen(arguments[1]);
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    while (epoll_wait(epoll, &event, 1, -1) == 1)
        if (event.data.fd == listener) take();
        else receive(event.data.fd);
    return 1;
}
