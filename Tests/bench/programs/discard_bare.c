/* SPDX-License-Identifier: Apache-2.0 */
/* The least that a large answer can cost: its records are received, looked at and thrown away.
 *     discard_bare PATH REQUEST BUFFER_SIZE */
#define _GNU_SOURCE
#include "processor_time.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

static uint8_t request[65536], buffer[1 << 20], header[8];

/* Bytes of STDOUT, up to END_REQUEST. */
static unsigned long long receive(int connection, size_t size)
{
    unsigned long long stdout_bytes = 0;
    size_t header_length = 0, skip = 0;
    for (;;) {
        ssize_t count = recv(connection, buffer, size, 0);
        if (count <= 0) abort();
        for (size_t at = 0, end = (size_t)count; at < end;) {
            if (skip > 0) {
                size_t piece = skip < end - at ? skip : end - at;
                skip -= piece, at += piece;
                continue;
            }
            header[header_length++] = buffer[at++];
            if (header_length < sizeof header) continue;
            if (header[1] == 3) return stdout_bytes;
            header_length = 0;
            stdout_bytes += (size_t)header[4] << 8 | header[5];
            skip = ((size_t)header[4] << 8 | header[5]) + header[6];
        }
    }
}

int main(int argument_count, char **arguments)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    struct timeval limit = {60, 0};
    struct rusage before = {0}, after;
    int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (argument_count != 4) return 2;
    FILE *encoded = fopen(arguments[2], "rb");
    struct iovec vector = {request, encoded ? fread(request, 1, sizeof request, encoded) : 0};
    snprintf(name.sun_path, sizeof name.sun_path, "%s", arguments[1]);
    if (connect(connection, (struct sockaddr *)&name, sizeof name) != 0) abort();
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (writev(connection, &vector, 1) != (ssize_t)vector.iov_len) abort();
    printf("bytes %llu\n", receive(connection, (size_t)atol(arguments[3])));
    getrusage(RUSAGE_SELF, &after);
    print_processor_time(&before, &after, 1);
    return 0;
}
