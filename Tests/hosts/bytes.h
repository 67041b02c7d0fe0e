/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that grow, and what the test hosts do with them. */
#ifndef BYTES_H
#define BYTES_H

#include <stddef.h>

struct bytes {
    char *data;
    size_t length;
    size_t capacity;
};

/* Both answer -1 when memory cannot be had, bytes_read_file also when the file cannot be read. */
int bytes_append(struct bytes *bytes, const void *data, size_t length);
int bytes_read_file(struct bytes *bytes, const char *path);

/* 1 when needle lies in bytes. */
int bytes_contain(const struct bytes *bytes, const char *needle);

void bytes_free(struct bytes *bytes);

#endif
