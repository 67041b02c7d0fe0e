/* SPDX-License-Identifier: Apache-2.0 */
/* The hooks of gateway_check.c, which mod_gateway.c registers. */
#ifndef GATEWAY_CHECK_H
#define GATEWAY_CHECK_H

#include <httpd.h>

/* Refuses, also at configtest, what no single line can tell: check_config. */
int gw_check(apr_pool_t *pool, apr_pool_t *log_pool, apr_pool_t *temporary_pool,
             server_rec *server);

/* Health checks leave members that are supervised applications alone: post_config, and monitor for
 * those that balancer-manager asks for. */
int gw_check_health(apr_pool_t *pool, apr_pool_t *log_pool, apr_pool_t *temporary_pool,
                    server_rec *server);
int gw_check_health_again(apr_pool_t *pool, server_rec *server);

#endif
