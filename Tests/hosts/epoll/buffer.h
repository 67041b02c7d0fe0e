/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes on their way out: added at the end, taken from the beginning. Holds no memory while empty.
 */
#ifndef BUFFER_H
#define BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct buffer {
    char *bytes;
    size_t start, end, capacity;
    /* Memory could not be had, and something is missing. */
    bool has_failed;
};

void buffer_add(struct buffer *buffer, const void *bytes, size_t length);
void buffer_print(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void buffer_take(struct buffer *buffer, size_t length);
void buffer_free(struct buffer *buffer);

static inline size_t buffer_length(const struct buffer *buffer)
{
    return buffer->end - buffer->start;
}

#endif
