/* SPDX-License-Identifier: Apache-2.0 */
/* The least that a small request can cost: one writev of encoded bytes, one recv. */
#define _GNU_SOURCE
#include "processor_time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

static char request[65536], answer[131072];

static void run(int connection, size_t length, int count)
{
    struct iovec vector = {request, length};
    for (; count > 0; count--) {
        if (writev(connection, &vector, 1) != (ssize_t)length) abort();
        if (recv(connection, answer, sizeof answer, 0) < 16) abort();
    }
}

int main(int argument_count, char **arguments)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    struct timeval limit = {60, 0};
    struct rusage before, after;
    int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (argument_count != 4) return 2;
    FILE *encoded = fopen(arguments[2], "rb");
    size_t length = encoded == NULL ? 0 : fread(request, 1, sizeof request, encoded);
    int count = atoi(arguments[3]);
    snprintf(name.sun_path, sizeof name.sun_path, "%s", arguments[1]);
    if (length == 0 || connect(connection, (struct sockaddr *)&name, sizeof name) != 0) abort();
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    run(connection, length, 1000);
    getrusage(RUSAGE_SELF, &before);
    run(connection, length, count);
    getrusage(RUSAGE_SELF, &after);
    print_processor_time(&before, &after, count);
    return 0;
}
