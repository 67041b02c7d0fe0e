/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "client.h"
#include "host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINGER_TIME = 2000 };

uint32_t client_count;
static struct client *clients, *buried;

static void client_close(struct client *client);
static void client_ready(struct watch *watch, uint32_t events);
static void client_timed(struct timer *timer);

/* -------------------------------------------------------------------------- sending, receiving */

/* The time that the client has begins anew with each byte. */
static void note_progress(struct client *client)
{
    if (client->patience != PATIENCE_CLIENT)
        return;
    client->patience = PATIENCE_NONE;
    timer_stop(&client->timer);
}

bool client_receive(struct client *client)
{
    ssize_t count;

    /* The head stays where it is as long as its request goes on. */
    if (client->start == client->end)
        client->start = client->end = client->head_length;
    if (!client->is_readable || client->end == INPUT_SIZE)
        return false;
    count = recv(client->descriptor, client->input + client->end, INPUT_SIZE - client->end, 0);
    if (count > 0) {
        client->is_readable = (size_t)count == INPUT_SIZE - client->end;
        client->end += (size_t)count;
        note_progress(client);
        return true;
    }
    client->is_readable = false;
    if (count == 0 || (errno != EAGAIN && errno != EINTR))
        client->is_gone = true;
    return false;
}

void client_send(struct client *client)
{
    struct buffer *output = &client->output;
    ssize_t count;

    if (output->has_failed)
        client_abort(client);
    if (client->is_gone || buffer_length(output) == 0)
        return;
    count = send(client->descriptor, output->bytes + output->start, buffer_length(output),
                 MSG_NOSIGNAL);
    if (count > 0) {
        buffer_take(output, (size_t)count);
        note_progress(client);
    } else if (count < 0 && errno != EAGAIN && errno != EINTR) {
        client->is_gone = true;
    }
}

/* ------------------------------------------------------------------------------------- states */

void client_refuse(struct client *client, int status)
{
    exchange_close(client);
    client->keeps_alive = false;
    client->state = CLIENT_ANSWERED;
    if (client->has_answered)
        client_abort(client);
    else
        response_error(client, (unsigned)status, 0);
}

void client_abort(struct client *client)
{
    struct linger reset = {1, 0};

    setsockopt(client->descriptor, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    client->is_gone = true;
}

static void begin_request(struct client *client)
{
    const struct http_head *head = &client->head;

    client->start = client->head_length;
    client->keeps_alive = head->keeps_alive;
    client->body_left = head->length;
    client->body_ended = !head->is_chunked && head->length == 0;
    client->body_is_malformed = false;
    memset(&client->chunked, 0, sizeof client->chunked);
    client->has_answered = client->is_chunked = client->has_no_body = false;
    client->redirects = 0;
    if (head->length > settings.max_body) {
        client_refuse(client, 413);
    } else {
        exchange_begin(client);
    }
}

/* True when a request has begun, or was refused. */
static bool read_head(struct client *client)
{
    size_t length;
    int status;

    while ((length = http_head_length(client->input, client->end)) == 0 && client->end < HEAD_MAX)
        if (!client_receive(client))
            return false;
    client->head_length = length;
    /* Whatever the client has to do next, it has its own time. */
    client->patience = PATIENCE_NONE;
    timer_stop(&client->timer);
    status = length == 0 || length > HEAD_MAX
                 ? 431
                 : http_head_read(&client->head, client->input, length);
    if (status == 0)
        begin_request(client);
    else
        client_refuse(client, status);
    return true;
}

/* The answer is on its way: what comes next depends on whether the request was read to its end. */
static bool finish(struct client *client)
{
    client_send(client);
    if (client->is_gone || buffer_length(&client->output) > 0)
        return false;
    free(client->redirect);
    client->redirect = NULL;
    if (!client->keeps_alive || !client->body_ended || is_ending) {
        shutdown(client->descriptor, SHUT_WR);
        client->state = CLIENT_LINGERING;
        return true;
    }
    memmove(client->input, client->input + client->start, client->end - client->start);
    client->end -= client->start;
    client->start = client->head_length = 0;
    client->state = CLIENT_HEAD;
    return true;
}

static bool linger(struct client *client)
{
    do {
        client->start = client->end = client->head_length = 0;
    } while (client_receive(client));
    return false;
}

/* ------------------------------------------------------------------------- what is waited for */

static uint32_t events_wanted(const struct client *client)
{
    uint32_t events = buffer_length(&client->output) > 0 ? EPOLLOUT : 0;

    switch (client->state) {
    case CLIENT_HEAD:
    case CLIENT_LINGERING:
        return events | EPOLLIN;
    case CLIENT_EXCHANGE:
        if (client->wants_body)
            return events | EPOLLIN;
        /* Nothing more is to come of the request, so that only the client's leaving counts. */
        return client->body_ended ? events | EPOLLRDHUP : events | EPOLLERR;
    default:
        return events | EPOLLERR;
    }
}

static enum patience patience_with(const struct client *client)
{
    bool has_output = buffer_length(&client->output) > 0;

    switch (client->state) {
    case CLIENT_HEAD:
        return client->end == 0 ? PATIENCE_IDLE : PATIENCE_HEAD;
    case CLIENT_EXCHANGE:
        return client->wants_body || has_output ? PATIENCE_CLIENT : PATIENCE_NONE;
    case CLIENT_LINGERING:
        return PATIENCE_LINGER;
    default:
        return PATIENCE_CLIENT;
    }
}

static void set_patience(struct client *client)
{
    enum patience patience = patience_with(client);
    const uint64_t times[] = {
        [PATIENCE_IDLE] = settings.idle_timeout, [PATIENCE_HEAD] = settings.request_timeout,
        [PATIENCE_CLIENT] = settings.client_timeout, [PATIENCE_LINGER] = LINGER_TIME,
    };

    if (patience == client->patience)
        return;
    client->patience = patience;
    if (patience == PATIENCE_NONE)
        timer_stop(&client->timer);
    else
        timer_set(&client->timer, times[patience]);
}

/* Does what can be done, then says what is waited for. */
void client_advance(struct client *client)
{
    bool goes_on = true;

    if (client->state == CLIENT_CLOSED)
        return;
    while (goes_on && !client->is_gone) {
        switch (client->state) {
        case CLIENT_HEAD:
            goes_on = read_head(client);
            break;
        case CLIENT_EXCHANGE:
            goes_on = exchange_run(client);
            break;
        case CLIENT_ANSWERED:
            goes_on = finish(client);
            break;
        default:
            goes_on = linger(client);
        }
    }
    if (client->is_gone) {
        client_close(client);
        return;
    }
    watch_for(&client->watch, client->descriptor, events_wanted(client));
    set_patience(client);
}

static void client_ready(struct watch *watch, uint32_t events)
{
    struct client *client = OWNER(watch, struct client, watch);

    if (client->state == CLIENT_CLOSED)
        return;
    if (events & EPOLLIN)
        client->is_readable = true;
    /* A client that closed its connection and one that only sends no more look alike. Taking both
     * for the first frees the application of work that nobody waits for. */
    if (events & (EPOLLERR | EPOLLHUP)
        || (events & EPOLLRDHUP && client->state == CLIENT_EXCHANGE && client->body_ended))
        client->is_gone = true;
    client_advance(client);
}

static void client_timed(struct timer *timer)
{
    struct client *client = OWNER(timer, struct client, timer);

    if (client->patience == PATIENCE_HEAD)
        client_refuse(client, 408);
    else if (client->patience == PATIENCE_CLIENT)
        client_abort(client);
    else
        client->is_gone = true;
    client->patience = PATIENCE_NONE;
    client_advance(client);
}

/* ----------------------------------------------------------------------------- opening, closing */

bool client_open(int descriptor, const char *address, uint16_t port)
{
    struct client *client = malloc(sizeof *client);

    if (client == NULL)
        return false;
    /* The input is not touched before it is used. */
    memset(client, 0, offsetof(struct client, input));
    client->descriptor = descriptor;
    client->exchange_watch.descriptor = -1;
    client->watch.ready = client_ready;
    client->timer.expired = client_timed;
    client->exchange_watch.ready = exchange_ready;
    client->exchange_timer.expired = exchange_timed;
    memcpy(client->address, address, strnlen(address, ADDRESS_MAX - 1));
    client->port = port;
    client->next = clients;
    if (clients != NULL)
        clients->previous = client;
    clients = client;
    client_count++;
    client_advance(client);
    return true;
}

static void client_close(struct client *client)
{
    exchange_close(client);
    gateway_request_close(client->request);
    timer_stop(&client->timer);
    watch_stop(&client->watch);
    close(client->descriptor);
    buffer_free(&client->output);
    free(client->redirect);
    if (client->next != NULL)
        client->next->previous = client->previous;
    *(client->previous != NULL ? &client->previous->next : &clients) = client->next;
    client->state = CLIENT_CLOSED;
    client->next = buried;
    buried = client;
    client_count--;
    host_listen_again();
}

void clients_bury(void)
{
    while (buried != NULL) {
        struct client *client = buried;
        buried = client->next;
        free(client);
    }
}

void clients_end_idle(void)
{
    for (struct client *client = clients, *next; client != NULL; client = next) {
        next = client->next;
        if (client->state == CLIENT_HEAD && client->end == 0)
            client_close(client);
    }
}

void clients_abort(void)
{
    while (clients != NULL) {
        client_abort(clients);
        client_close(clients);
    }
}
