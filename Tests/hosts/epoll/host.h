/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all parts of the host share: its settings, its backend, its log.
 */
#ifndef HOST_H
#define HOST_H

#include <gateway.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Times in milliseconds. What is 0 is the library's default, where the library has one. */
struct settings {
    const char *listen;
    char backends[4096];
    const char *root, *script, *index, *file, *log;
    bool keeps_connections, streams, is_edge_triggered;
    uint32_t max_clients, idle_timeout, request_timeout, client_timeout, ending_timeout;
    uint32_t max_body;
    gateway_backend_options backend;
};

extern struct settings settings;
extern gateway_backend *backend;

/* Where the host listens, as text and as a number. */
extern char server_address[64];
extern uint16_t server_port;

/* SIGTERM came: what runs goes on to its end, nothing new begins. */
extern bool is_ending;

/* Writes to the log, and never waits for it. */
void host_log(const void *bytes, size_t length);

/* There is room for another client, or a descriptor for it. */
void host_listen_again(void);

#endif
