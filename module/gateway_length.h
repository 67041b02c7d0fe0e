/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content-Length against the body that comes. The calls follow a response from its head to its end;
 * gateway_exchange.c and gateway_head.c make them. They touch the exchange's lengths, what is
 * gathered for the client, and the Content-Length of r->headers_out.
 */
#ifndef GATEWAY_LENGTH_H
#define GATEWAY_LENGTH_H

#include "mod_gateway.h"

/* The head was taken. */
void gw_length_begin(gw_exchange *x, const gateway_event *head);
/* How many bytes of a piece of the body the client is to have. */
apr_size_t gw_length_take(gw_exchange *x, apr_size_t count);
/* Keeps a short response back, as long as it can still be made right. */
void gw_length_hold(gw_exchange *x);
/* The head goes out: what is beyond the length that it says does not. */
void gw_length_cut(gw_exchange *x);
/* The exchange has ended. */
void gw_length_judge(gw_exchange *x);

#endif
