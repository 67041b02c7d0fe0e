/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chunked transfer coding (RFC 9112 section 7.1), taken off piece by piece where it lies.
 */
#ifndef CHUNKED_H
#define CHUNKED_H

#include <stddef.h>
#include <stdint.h>

enum chunked_state {
    CHUNKED_SIZE, CHUNKED_EXTENSION, CHUNKED_SIZE_END, CHUNKED_DATA, CHUNKED_DATA_CR,
    CHUNKED_DATA_END, CHUNKED_TRAILER, CHUNKED_TRAILER_FIELD, CHUNKED_TRAILER_END, CHUNKED_LAST,
    CHUNKED_ENDED, CHUNKED_MALFORMED
};

/* All zero at the beginning of a body. */
struct chunked {
    enum chunked_state state;
    uint64_t left;
    unsigned digits;
    /* Bytes that were neither data nor needed: extensions and trailer fields. */
    size_t extras;
};

/* Reads on. Answers how many bytes are used, and puts into data and data_length what of them is
 * data; 0 bytes where all that came is used, or where the state says that it is over. */
size_t chunked_read(struct chunked *chunked, const char *bytes, size_t length, const char **data,
                    size_t *data_length);

#endif
