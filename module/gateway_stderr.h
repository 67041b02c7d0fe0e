/* SPDX-License-Identifier: Apache-2.0 */
/*
 * STDERR of one request on its way to the error log, a line at a time. The beginning is logged as
 * it comes, the end when the exchange has ended; what lies between is counted. Called by those that
 * run an exchange: gateway_exchange.c and gateway_authorizer.c.
 */
#ifndef GATEWAY_STDERR_H
#define GATEWAY_STDERR_H

#include "mod_gateway.h"

void gw_stderr_take(gw_exchange *x, const char *text, apr_size_t length);
/* The exchange has ended, however it did. */
void gw_stderr_end(gw_exchange *x);

#endif
