/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An application that is one process with one thread: a connection is served to its end before the
 * next one is accepted. It waits as many milliseconds as the parameter MS says before it answers.
 */
#define _GNU_SOURCE
#include "application.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static bool answer(struct connection *connection, const struct request *request)
{
    static const char content[] = "Content-Type: text/plain\r\n\r\nanswered";
    uint8_t bytes[128], *end;
    struct record record;
    char text[16];
    long milliseconds = request_param(request, "MS", text, sizeof text) ? atol(text) : 0;
    struct timespec pause = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    do
        if (!receive_record(connection, &record)) return false;
    while (record.length > 0);
    nanosleep(&pause, NULL);
    end = put_header(bytes, TYPE_STDOUT, request->id, sizeof content - 1);
    memcpy(end, content, sizeof content - 1);
    end = put_end(end + sizeof content - 1, request->id);
    return send_all(connection->descriptor, bytes, (size_t)(end - bytes));
}

int main(int count, char **arguments)
{
    static struct connection connection;
    static struct request request;
    int listener;
    if (count != 2) {
        fprintf(stderr, "usage: single_process ADDRESS\n");
        return 2;
    }
    listener = application_listen(arguments[1]);
    for (;;) {
        connection.start = connection.end = 0;
        connection.descriptor = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        while (receive_request(&connection, &request) && answer(&connection, &request) &&
               request.keeps)
            continue;
        close(connection.descriptor);
    }
}
