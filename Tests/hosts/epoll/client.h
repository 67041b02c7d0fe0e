/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client's connection and the request on it.
 *
 *     HEAD -> EXCHANGE -> ANSWERED -> HEAD, or LINGERING -> CLOSED
 *
 * client.c has the connection and its states, client_body.c the body of the request,
 * client_exchange.c the exchange with the application (how the library is used: read it first),
 * client_response.c what the client is answered.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include "buffer.h"
#include "chunked.h"
#include "http_head.h"
#include "loop.h"

enum client_state {
    /* The head of a request is awaited, or a part of it is there. */
    CLIENT_HEAD,
    /* The exchange with the application runs. */
    CLIENT_EXCHANGE,
    /* The answer is whole, but not yet all of it is sent. */
    CLIENT_ANSWERED,
    /* All is sent and the sending side closed. What the client still sends is thrown away for a
     * while: if it met a closed socket, the reset could destroy the answer before it is read. */
    CLIENT_LINGERING,
    CLIENT_CLOSED
};

/* What the client's timer runs for. */
enum patience { PATIENCE_NONE, PATIENCE_IDLE, PATIENCE_HEAD, PATIENCE_CLIENT, PATIENCE_LINGER };

enum { INPUT_SIZE = 2 * HEAD_MAX, ADDRESS_MAX = 48 };

struct client {
    struct client *previous, *next;
    enum client_state state;

    int descriptor;
    struct watch watch;
    struct timer timer;
    enum patience patience;
    bool is_readable;
    /* The connection is broken, or the client has left. */
    bool is_gone;
    char address[ADDRESS_MAX];
    uint16_t port;

    struct http_head head;
    size_t head_length;
    bool body_ended, body_is_malformed;
    uint64_t body_left;
    struct chunked chunked;

    gateway_request *request;
    gateway_exchange *exchange;
    struct watch exchange_watch;
    struct timer exchange_timer;
    bool is_exchange_watched;
    bool wants_body;
    char *redirect;
    int redirects;

    bool has_answered, keeps_alive, is_chunked, has_no_body;
    struct buffer output;

    /* The head of the request from the beginning, then what came behind it, from start to end. */
    size_t start, end;
    char input[INPUT_SIZE];
};

/* client.c */
extern uint32_t client_count;
bool client_open(int descriptor, const char *address, uint16_t port);
void client_advance(struct client *client);
/* Receives once, as much as there is room for; false when nothing is to be had now. */
bool client_receive(struct client *client);
/* Sends what it can of the output. */
void client_send(struct client *client);
/* Answers with an error, after which the connection is not used again. */
void client_refuse(struct client *client, int status);
/* Breaks the connection off, so that nobody takes what was sent for a whole answer. */
void client_abort(struct client *client);
/* Frees those that were closed; between two turns of the loop, since events may name them. */
void clients_bury(void);
void clients_end_idle(void);
void clients_abort(void);

/* client_body.c */
/* Takes what is there of the body, without its coding; answers how many pieces it is. */
size_t body_take(struct client *client, gateway_bytes *pieces, size_t pieces_max);
bool body_is_at_hand(const struct client *client);

/* client_exchange.c */
void exchange_begin(struct client *client);
/* Goes on with the exchange; true when it may go on at once. */
bool exchange_run(struct client *client);
void exchange_close(struct client *client);
void exchange_timed(struct timer *timer);
void exchange_ready(struct watch *watch, uint32_t events);

/* client_response.c */
void response_error(struct client *client, unsigned status, unsigned retry_after);
void response_head(struct client *client, const gateway_event *event);
void response_body(struct client *client, gateway_bytes data);
void response_end(struct client *client);

#endif
