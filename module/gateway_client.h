/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request's client as it is read, in two files: gateway_client.c asks it for its body and waits
 * for that; gateway_unread.c decides what becomes of its connection when nobody wants the rest.
 *
 * Between requests httpd reads the connection by itself, so every request ends in one of three
 * ways: the body was read to its end; what is left of it was small, or the head had promised so,
 * and is read away after the answer; or the head said "Connection: close".
 */
#ifndef GATEWAY_CLIENT_H
#define GATEWAY_CLIENT_H

#include <httpd.h>
#include <util_filter.h>

/* What a request's client has yet to send. */
typedef struct gw_client {
    apr_off_t left;         /* of the body, or GW_LEFT_UNKNOWN */
    apr_time_t progress;    /* when it last sent something */
    unsigned is_at_end : 1; /* its filters have given the end, or the rest was given up */
} gw_client;

#define GW_LEFT_UNKNOWN (-1)
#define GW_NO_BODY_FILTER "GATEWAY_NO_BODY"

void gw_client_begin(gw_client *client, request_rec *r);
/* So many bytes came by another way than gw_client_read. */
void gw_client_count(gw_client *client, apr_off_t length);
/* Whether it may keep its body back until it is asked for it. */
int gw_client_waits(const request_rec *r);
/* Sends "100 Continue" to a client that waits for it. */
void gw_client_ask(request_rec *r);
/* Asks its filters for what has come, without waiting: APR_EAGAIN if that is nothing. */
apr_status_t gw_client_read(gw_client *client, request_rec *r, apr_bucket_brigade *into);
/* The descriptor that becomes readable when it has sent more; -1: there is none. */
int gw_client_descriptor(request_rec *r);
/* How many milliseconds it may be left without a look at what it has sent. */
int gw_client_look_time(int descriptor);
/* How many milliseconds it may still take over its body. */
int gw_client_patience(const gw_client *client, const request_rec *r);
/* Nobody wants the rest of the body, and the head of the answer is about to go out: reads away what
 * is at hand. The head says "Connection: close" unless the rest is small. OK, or AP_FILTER_ERROR:
 * the client was answered. */
int gw_client_settle(gw_client *client, request_rec *r);
/* The same where httpd answers, which would wait for the rest of the body before it does. */
int gw_client_dismiss(gw_client *client, request_rec *r);
/* Passes on the last of the answer. mod_http2 resets a stream whose body is left unread when the
 * answer ends, and a client may lose the answer over it: so some of that is read before. */
apr_status_t gw_client_end_answer(gw_client *client, request_rec *r, apr_bucket_brigade *out);
/* The answer is out: reads away what is left if the connection goes on. */
void gw_client_finish(gw_client *client, request_rec *r);
/* The rest is not read: the connection is closed after the answer. */
void gw_client_give_up(gw_client *client, request_rec *r);
apr_status_t gw_client_no_body(ap_filter_t *filter, apr_bucket_brigade *into, ap_input_mode_t mode,
                               apr_read_type_e block, apr_off_t length);

#endif
