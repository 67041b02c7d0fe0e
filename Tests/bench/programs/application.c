/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "application.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int give_up(const char *what)
{
    perror(what);
    exit(2);
}

static int listen_unix(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
    unlink(path);
    if (bind(listener, (struct sockaddr *)&name, sizeof name) != 0) give_up(path);
    printf("ready unix:%s\n", path);
    return listener;
}

static int listen_tcp(const char *port)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    socklen_t size = sizeof name;
    int on = 1;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    /* Accepted connections inherit it. */
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&name, size) != 0) give_up("tcp");
    getsockname(listener, (struct sockaddr *)&name, &size);
    printf("ready tcp:127.0.0.1:%d\n", ntohs(name.sin_port));
    return listener;
}

int application_listen(const char *address)
{
    static const char tcp[] = "tcp:127.0.0.1:";
    int listener = -1;
    if (strncmp(address, "unix:", 5) == 0)
        listener = listen_unix(address + 5);
    else if (strncmp(address, tcp, sizeof tcp - 1) == 0)
        listener = listen_tcp(address + sizeof tcp - 1);
    if (listener < 0 || listen(listener, 4096) != 0) give_up(address);
    fflush(stdout);
    return listener;
}

/* What the threads share. */
static struct service {
    int listener;
    void (*serve)(struct connection *);
    atomic_int waiting;
} service;

static void add_thread(void);

/* A thread goes on with the next connection: to make one for each takes longer than a request. */
static void *run_service(void *unused)
{
    struct connection *connection = malloc(sizeof *connection);
    if (connection == NULL) give_up("malloc");
    for (;;) {
        connection->start = connection->end = 0;
        connection->descriptor = accept4(service.listener, NULL, NULL, SOCK_CLOEXEC);
        if (connection->descriptor < 0) give_up("accept");
        if (atomic_fetch_sub(&service.waiting, 1) == 1) add_thread();
        service.serve(connection);
        atomic_fetch_add(&service.waiting, 1);
        close(connection->descriptor);
    }
    return unused;
}

static void add_thread(void)
{
    pthread_attr_t attributes;
    pthread_t thread;
    atomic_fetch_add(&service.waiting, 1);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 512 * 1024);
    if (pthread_create(&thread, &attributes, run_service, NULL) != 0) give_up("thread");
}

void application_accept(int listener, void (*serve)(struct connection *))
{
    service.listener = listener;
    service.serve = serve;
    add_thread();
    for (;;) pause();
}

/* Receives until at least size bytes are there. */
static bool receive_at_least(struct connection *connection, size_t size)
{
    if (connection->start + size > sizeof connection->bytes ||
        connection->start == connection->end) {
        memmove(connection->bytes, connection->bytes + connection->start,
                connection->end - connection->start);
        connection->end -= connection->start;
        connection->start = 0;
    }
    while (connection->end - connection->start < size) {
        ssize_t count = recv(connection->descriptor, connection->bytes + connection->end,
                             sizeof connection->bytes - connection->end, 0);
        if (count <= 0) return false;
        connection->end += (size_t)count;
    }
    return true;
}

bool receive_record(struct connection *connection, struct record *record)
{
    const uint8_t *bytes;
    size_t size;
    if (!receive_at_least(connection, 8)) return false;
    bytes = connection->bytes + connection->start;
    record->length = (size_t)bytes[4] << 8 | bytes[5];
    size = 8 + record->length + bytes[6];
    if (!receive_at_least(connection, size)) return false;
    bytes = connection->bytes + connection->start;
    record->type = bytes[1];
    record->id = (uint16_t)(bytes[2] << 8 | bytes[3]);
    record->content = bytes + 8;
    connection->start += size;
    return true;
}

bool receive_request(struct connection *connection, struct request *request)
{
    struct record record;
    if (!receive_record(connection, &record) || record.type != TYPE_BEGIN) return false;
    request->id = record.id;
    request->keeps = (record.content[2] & FLAG_KEEP_CONNECTION) != 0;
    request->params_length = 0;
    while (receive_record(connection, &record) && record.type == TYPE_PARAMS) {
        if (record.length == 0) return true;
        if (record.length > sizeof request->params - request->params_length) return false;
        memcpy(request->params + request->params_length, record.content, record.length);
        request->params_length += record.length;
    }
    return false;
}

static bool take_length(const uint8_t **at, const uint8_t *end, size_t *length)
{
    if (end - *at < 1) return false;
    if (**at < 0x80) {
        *length = *(*at)++;
        return true;
    }
    if (end - *at < 4) return false;
    *length = (size_t)((*at)[0] & 0x7f) << 24 | (size_t)(*at)[1] << 16 | (size_t)(*at)[2] << 8 |
              (*at)[3];
    *at += 4;
    return true;
}

bool request_param(const struct request *request, const char *name, char *value, size_t size)
{
    const uint8_t *at = request->params, *end = at + request->params_length;
    size_t name_length, value_length, wanted = strlen(name);
    while (take_length(&at, end, &name_length) && take_length(&at, end, &value_length)) {
        if ((size_t)(end - at) < name_length + value_length) return false;
        if (name_length == wanted && memcmp(at, name, wanted) == 0 && value_length < size) {
            memcpy(value, at + name_length, value_length);
            value[value_length] = 0;
            return true;
        }
        at += name_length + value_length;
    }
    return false;
}

uint8_t *put_header(uint8_t *bytes, uint8_t type, uint16_t id, size_t length)
{
    const uint8_t header[8] = {1, type, (uint8_t)(id >> 8), (uint8_t)id,
                               (uint8_t)(length >> 8), (uint8_t)length, 0, 0};
    memcpy(bytes, header, sizeof header);
    return bytes + sizeof header;
}

uint8_t *put_end(uint8_t *bytes, uint16_t id)
{
    bytes = put_header(put_header(bytes, TYPE_STDOUT, id, 0), TYPE_END, id, 8);
    memset(bytes, 0, 8);
    return bytes + 8;
}

bool send_all(int descriptor, const void *bytes, size_t length)
{
    while (length > 0) {
        ssize_t count = send(descriptor, bytes, length, MSG_NOSIGNAL);
        if (count <= 0) return false;
        bytes = (const char *)bytes + count;
        length -= (size_t)count;
    }
    return true;
}
