/* SPDX-License-Identifier: Apache-2.0 */
/* Supervised applications (gateway_application.c): their lines, their start, and how requests find
 * them. */
#ifndef GATEWAY_APPLICATION_H
#define GATEWAY_APPLICATION_H

#include <httpd.h>
#include <http_config.h>

#include <gateway.h>

const char *gw_application_line(cmd_parms *cmd, void *config, const char *words);
const char *gw_application_directory(cmd_parms *cmd, void *config, const char *path);
const char *gw_application_supervisor(cmd_parms *cmd, void *config, const char *path);

int gw_application_begin(apr_pool_t *pool, apr_pool_t *log_pool, apr_pool_t *temporary_pool,
                         server_rec *server);
int gw_application_monitor(apr_pool_t *pool, server_rec *server);

/* Whether a line of the configuration that was read last defines it. */
int gw_application_is_defined(const char *name);
/* What is wrong with the application's directory, or NULL. */
const char *gw_application_flaw(apr_pool_t *pool);

/* The name in a URL gateway://NAME/, which lives as long as httpd's parent; NULL: there is no
 * application of the name. */
const char *gw_application_of(request_rec *r, const char *url);
/* Logs that there is none of the name in the URL; the status to answer with. */
int gw_application_unknown(request_rec *r, const char *url);
/* Counted from 0; NULL: there are not so many. */
gateway_application *gw_application_number(int number, const char **name);
gateway_backend *gw_application_backend(const char *name, const gateway_backend_options *options);

#endif
