/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exchange with the application: how an event-driven server uses the library.
 *
 * 1. exchange_begin turns the client's request into a gateway_request and opens a non-blocking
 *    exchange. Nothing is sent yet.
 * 2. exchange_run calls gateway_exchange_next until it answers GATEWAY_AGAIN, or until the client
 *    has more unread answer than it should. Each event goes on to the client at once.
 * 3. After GATEWAY_AGAIN gateway_exchange_wait says what to wait for: watch_exchange hands that to
 *    epoll and to a timer. Both come back to exchange_run; so does every event of the client.
 *
 * While nobody calls gateway_exchange_next the application is not read from: that is all there is
 * to back-pressure. An exchange that waits in the backend's queue looks no different from one that
 * connects or runs: it has a descriptor, an interest and a deadline.
 */
#define _GNU_SOURCE
#include "client.h"
#include "host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OUTPUT_ENOUGH = 65536, PIECES_MAX = 16, REDIRECTS_MAX = 10 };

static gateway_bytes text(const char *string)
{
    gateway_bytes bytes = {string, string == NULL ? 0 : strlen(string)};

    return bytes;
}

/* ------------------------------------------------------------------------------- 1. the request */

static gateway_status fill_request(struct client *client)
{
    gateway_http_request http = GATEWAY_HTTP_REQUEST_INIT;
    const struct http_head *head = &client->head;

    http.flags = settings.streams ? GATEWAY_HTTP_STREAM_BODY : 0;
    http.script_rule = settings.script[0] == '.' ? GATEWAY_SCRIPT_EXTENSION : GATEWAY_SCRIPT_PREFIX;
    http.script = text(settings.script);
    http.index = text(settings.index);
    http.document_root = text(settings.root);
    http.script_filename = text(settings.file);
    http.method = head->method;
    http.target = client->redirect != NULL ? text(client->redirect) : head->target;
    http.protocol = head->protocol;
    http.fields = head->fields;
    http.field_count = head->field_count;
    http.server_address = text(server_address);
    http.server_port = server_port;
    http.remote_address = text(client->address);
    http.remote_port = client->port;
    return gateway_request_http(client->request, &http);
}

static gateway_status fill_body(struct client *client)
{
    const struct http_head *head = &client->head;

    /* Another page instead of what was asked for has no use for the body. */
    if (client->redirect != NULL || (!head->has_length && !head->is_chunked))
        return GATEWAY_OK;
    /* The library gathers a body of unknown length first, unless it is to stream it. */
    return gateway_request_body_written(client->request, head->is_chunked ? GATEWAY_LENGTH_UNKNOWN
                                                                          : head->length);
}

static int status_for(gateway_status status)
{
    switch (status) {
    case GATEWAY_ERR_NO_SCRIPT: return 404;
    case GATEWAY_ERR_ENCODING: return 400;
    case GATEWAY_ERR_LIMIT: return 431;
    case GATEWAY_ERR_MEMORY: return 503;
    default: return 500;
    }
}

void exchange_begin(struct client *client)
{
    gateway_exchange_options options = GATEWAY_EXCHANGE_OPTIONS_INIT;
    gateway_status status = GATEWAY_OK;

    /* Kept from one request of the client to the next, with its memory. */
    if (client->request == NULL)
        status = gateway_request_open(backend, &client->request);
    if (status == GATEWAY_OK)
        status = gateway_request_clear(client->request);
    if (status == GATEWAY_OK)
        status = fill_request(client);
    if (status == GATEWAY_OK)
        status = fill_body(client);
    options.flags = GATEWAY_EXCHANGE_NONBLOCKING;
    if (status == GATEWAY_OK)
        status = gateway_exchange_open(backend, client->request, &options, &client->exchange);
    if (status == GATEWAY_OK) {
        client->state = CLIENT_EXCHANGE;
        client->wants_body = false;
    } else {
        client_refuse(client, status_for(status));
    }
}

/* ----------------------------------------------------------------------------------- 2. events */

/* Hands the library what there is of the body. Called after GATEWAY_EVENT_WANTS_BODY, at once or
 * when the client has sent more. */
static void feed(struct client *client)
{
    gateway_bytes pieces[PIECES_MAX];
    size_t count, start = client->start;
    uint64_t left = client->body_left;
    struct chunked chunked = client->chunked;
    gateway_status status;

    if (!body_is_at_hand(client) && !client->body_ended && !client_receive(client)) {
        /* The body is wanted, so a client that asked first may begin. */
        if (client->head.expects_continue && !client->has_answered)
            buffer_print(&client->output, "HTTP/1.1 100 Continue\r\n\r\n");
        client->head.expects_continue = false;
        return;
    }
    client->head.expects_continue = false;
    count = body_take(client, pieces, PIECES_MAX);
    if (client->body_is_malformed) {
        client_refuse(client, 400);
        return;
    }
    if (count == 0 && !client->body_ended)
        return;
    status = gateway_exchange_write(client->exchange, pieces, count,
                                    client->body_ended ? GATEWAY_WRITE_END : 0);
    if (status == GATEWAY_AGAIN) {
        /* Nothing was taken: it will be asked for again. */
        client->start = start;
        client->body_left = left;
        client->chunked = chunked;
        client->body_ended = false;
    }
    client->wants_body = false;
}

/* A local redirect (RFC 3875 section 6.2.2): another page of this server is the answer. */
static void note_redirect(struct client *client, const gateway_event *event)
{
    free(client->redirect);
    client->redirect = NULL;
    for (size_t i = 0; i < event->field_count; i++)
        if (field_is(&event->fields[i], "Location"))
            client->redirect = strndup(event->fields[i].value.bytes, event->fields[i].value.length);
}

static void follow_redirect(struct client *client)
{
    struct http_head *head = &client->head;

    for (size_t i = 0; i < head->field_count; i++)
        if (field_is(&head->fields[i], "Content-Type"))
            head->fields[i] = head->fields[--head->field_count];
    if (head->method.length != 4 || memcmp(head->method.bytes, "HEAD", 4) != 0)
        head->method = text("GET");
    if (++client->redirects > REDIRECTS_MAX)
        client_refuse(client, 500);
    else
        exchange_begin(client);
}

/* The exchange is over. What its outcome means for the client is the library's to say: the status
 * to answer with, or that the answer has begun and has to be broken off. */
static void conclude(struct client *client)
{
    gateway_result result = GATEWAY_RESULT_INIT;
    bool is_redirected;

    gateway_exchange_result(client->exchange, &result);
    exchange_close(client);
    if (result.outcome != GATEWAY_OUTCOME_COMPLETE)
        host_log(result.message, strlen(result.message));
    is_redirected = client->redirect != NULL && !client->has_answered;
    client->state = CLIENT_ANSWERED;
    if (result.outcome == GATEWAY_OUTCOME_COMPLETE && is_redirected)
        follow_redirect(client);
    else if (result.outcome == GATEWAY_OUTCOME_COMPLETE)
        response_end(client);
    else if (client->has_answered)
        client_abort(client);
    else
        response_error(client, result.http_status > 0 ? result.http_status : 500,
                       result.retry_after_s);
}

static void take_event(struct client *client, const gateway_event *event)
{
    switch (event->type) {
    case GATEWAY_EVENT_HEAD:
        if (event->flags & GATEWAY_EVENT_LOCAL_REDIRECT)
            note_redirect(client, event);
        else
            response_head(client, event);
        break;
    case GATEWAY_EVENT_BODY:
        response_body(client, event->data);
        break;
    case GATEWAY_EVENT_STDERR:
        host_log(event->data.bytes, event->data.length);
        break;
    case GATEWAY_EVENT_WANTS_BODY:
        client->wants_body = true;
        feed(client);
        break;
    case GATEWAY_EVENT_INTERIM:
        break; /* not asked for */
    case GATEWAY_EVENT_END:
        conclude(client);
        break;
    }
}

/* ---------------------------------------------------------------------------------- 3. waiting */

/* Level-triggered, each wait is armed for one event: so the kernel never tells of an exchange that
 * nobody wants to go on with, and there is nothing to be taken back. Edge-triggered, a descriptor
 * is registered once for everything; EEXIST says that it is known already.
 *
 * Both ways survive that a connection is closed and another one gets its number: the kernel forgets
 * a closed descriptor by itself, so that the number alone never says whether it is watched. */
static void arm(struct client *client, int descriptor, uint32_t interest)
{
    uint32_t events = (interest & GATEWAY_WAIT_READ ? EPOLLIN : 0u)
                      | (interest & GATEWAY_WAIT_WRITE ? EPOLLOUT : 0u) | EPOLLONESHOT;
    int first = client->is_exchange_watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    int error;

    client->is_exchange_watched = true;
    if (settings.is_edge_triggered) {
        loop_control(EPOLL_CTL_ADD, descriptor, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                     &client->exchange_watch);
        return;
    }
    error = loop_control(first, descriptor, events, &client->exchange_watch);
    if (error == EEXIST)
        loop_control(EPOLL_CTL_MOD, descriptor, events, &client->exchange_watch);
    else if (error == ENOENT)
        loop_control(EPOLL_CTL_ADD, descriptor, events, &client->exchange_watch);
}

static void watch_exchange(struct client *client, bool is_waiting)
{
    gateway_wait wait = GATEWAY_WAIT_INIT;

    gateway_exchange_wait(client->exchange, &wait);
    /* A descriptor that is no longer named is closed, and its number may soon be another's. */
    if (wait.descriptor != client->exchange_watch.descriptor)
        client->is_exchange_watched = false;
    client->exchange_watch.descriptor = wait.descriptor;
    if (is_waiting && wait.descriptor >= 0)
        arm(client, wait.descriptor, wait.interest);
    if (is_waiting && wait.timeout_ms != GATEWAY_WAIT_FOREVER)
        timer_set(&client->exchange_timer, wait.timeout_ms);
    else
        timer_stop(&client->exchange_timer);
}

bool exchange_run(struct client *client)
{
    gateway_event event = GATEWAY_EVENT_INIT;
    gateway_status status = GATEWAY_OK;

    if (client->wants_body)
        feed(client);
    while (status != GATEWAY_AGAIN && client->exchange != NULL && !client->is_gone
           && buffer_length(&client->output) < OUTPUT_ENOUGH) {
        status = gateway_exchange_next(client->exchange, &event);
        if (status == GATEWAY_OK)
            take_event(client, &event);
        else if (status != GATEWAY_AGAIN)
            client_abort(client);
    }
    client_send(client);
    if (client->exchange == NULL || client->is_gone)
        return true;
    watch_exchange(client, status == GATEWAY_AGAIN);
    return status != GATEWAY_AGAIN && buffer_length(&client->output) == 0;
}

void exchange_ready(struct watch *watch, uint32_t events)
{
    struct client *client = OWNER(watch, struct client, exchange_watch);

    (void)events;
    if (client->state == CLIENT_EXCHANGE)
        client_advance(client);
}

void exchange_timed(struct timer *timer)
{
    client_advance(OWNER(timer, struct client, exchange_timer));
}

void exchange_close(struct client *client)
{
    if (client->exchange == NULL)
        return;
    /* The connection may be kept for another exchange: it must not be watched for this one. */
    if (client->is_exchange_watched)
        loop_control(EPOLL_CTL_DEL, client->exchange_watch.descriptor, 0, NULL);
    client->is_exchange_watched = false;
    client->exchange_watch.descriptor = -1;
    timer_stop(&client->exchange_timer);
    client->wants_body = false;
    gateway_exchange_close(client->exchange);
    client->exchange = NULL;
}
