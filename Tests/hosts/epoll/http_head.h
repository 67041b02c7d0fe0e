/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of an HTTP/1.1 request, read strictly (RFC 9112): whatever two readers could understand
 * differently is refused, since an attacker would make use of it.
 */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include <gateway.h>
#include <stdbool.h>

enum { HEAD_MAX = 16384, FIELDS_MAX = 100 };

/* All bytes lie in the memory that the head was read from. */
struct http_head {
    gateway_bytes method, target, protocol;
    gateway_field fields[FIELDS_MAX];
    size_t field_count;
    int minor_version;
    bool keeps_alive;
    bool expects_continue;
    bool is_chunked;
    bool has_length;
    uint64_t length;
};

/* The length of the head with its empty line; 0: it has not ended yet. */
size_t http_head_length(const char *bytes, size_t length);

/* Reads a head; answers 0, or the status to refuse the request with. */
int http_head_read(struct http_head *head, const char *bytes, size_t length);

/* Whether a field has this name, in whatever letters. */
bool field_is(const gateway_field *field, const char *name);

#endif
