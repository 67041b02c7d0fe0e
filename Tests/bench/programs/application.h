/* SPDX-License-Identifier: Apache-2.0 */
/* The application's side of FastCGI 1.0, for the programs that stand in for an application: enough
 * to answer every request of a gateway at the least cost, a thread for each connection. */
#ifndef APPLICATION_H
#define APPLICATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TYPE_BEGIN = 1, TYPE_END = 3, TYPE_PARAMS = 4, TYPE_STDIN = 5, TYPE_STDOUT = 6 };
enum { FLAG_KEEP_CONNECTION = 1, MAX_CONTENT = 65535 };

struct record {
    uint8_t type;
    uint16_t id;
    size_t length;
    const uint8_t *content;
};

/* A connection, and what is received on it and not used. */
struct connection {
    int descriptor;
    size_t start, end;
    uint8_t bytes[2 * (MAX_CONTENT + 8 + 255)];
};

/* The params of a request, as they were sent, and what BEGIN_REQUEST said. */
struct request {
    uint16_t id;
    bool keeps;
    size_t params_length;
    uint8_t params[MAX_CONTENT];
};

/* Listens on "unix:/path" or "tcp:127.0.0.1:port" and prints "ready" and the address, with the
 * port in place of 0. Ends the program on failure. */
int application_listen(const char *address);

/* Accepts without end; serve runs on a thread of its own and the connection is closed after it. */
void application_accept(int listener, void (*serve)(struct connection *));

/* The next record, which lives until the next call; false when the connection ended. */
bool receive_record(struct connection *connection, struct record *record);

/* Receives a request up to the end of its params; false when the connection ended. */
bool receive_request(struct connection *connection, struct request *request);

/* Copies the value of a parameter as a string; false when there is none. */
bool request_param(const struct request *request, const char *name, char *value, size_t size);

/* Puts a record's header at bytes and answers what follows it. */
uint8_t *put_header(uint8_t *bytes, uint8_t type, uint16_t id, size_t length);

/* Puts the empty STDOUT record and END_REQUEST at bytes and answers what follows them. */
uint8_t *put_end(uint8_t *bytes, uint16_t id);

/* Sends all; false when the connection ended. */
bool send_all(int descriptor, const void *bytes, size_t length);

#endif
