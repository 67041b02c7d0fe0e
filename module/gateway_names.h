/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What directives name: addresses and applications (gateway_address.c), users, files and
 * directories (gateway_files.c). Directives read them with these functions alone, so that a form
 * that one takes is taken by all. Nothing here changes any state.
 */
#ifndef GATEWAY_NAMES_H
#define GATEWAY_NAMES_H

#include <apr_pools.h>
#include <apr_tables.h>

/* The address in the words of ProxyPass (unix:/path, unix:/path|fcgi://name, fcgi://host:port) as
 * exchanges name it: /path or host:port. NULL: it is none. */
const char *gw_address_read(apr_pool_t *pool, const char *text);
int gw_is_application(const char *url);
/* The name in a URL gateway://NAME/. What follows it, such as a port, is no part of a name and
 * makes it an unknown one. */
const char *gw_application_name(apr_pool_t *pool, const char *url);
/* Whether the text is a decimal number within the bounds. */
int gw_number_read(const char *text, apr_int64_t least, apr_int64_t most, uint32_t *number);

/* These return what is wrong, or NULL. */
const char *gw_files_directory_flaw(apr_pool_t *pool, const char *path);
const char *gw_files_program_flaw(apr_pool_t *pool, const char *path);
const char *gw_files_runtime_directory_flaw(apr_pool_t *pool, const char *path);
const char *gw_files_socket_flaw(apr_pool_t *pool, const char *directory, const char *name);
const char *gw_files_application_flaw(apr_pool_t *pool, const apr_array_header_t *settings,
                                      const char *program);

#endif
