/* SPDX-License-Identifier: Apache-2.0 */
#include "chunked.h"

enum { DIGITS_MAX = 15, EXTRAS_MAX = 8192 };

static int digit_value(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f')
        return (byte | 0x20) - 'a' + 10;
    return -1;
}

static enum chunked_state read_size(struct chunked *chunked, char byte)
{
    int value = digit_value(byte);

    if (value >= 0) {
        chunked->left = chunked->left << 4 | (uint64_t)value;
        return ++chunked->digits <= DIGITS_MAX ? CHUNKED_SIZE : CHUNKED_MALFORMED;
    }
    if (chunked->digits == 0)
        return CHUNKED_MALFORMED;
    if (byte == '\r')
        return CHUNKED_SIZE_END;
    return byte == ';' || byte == ' ' || byte == '\t' ? CHUNKED_EXTENSION : CHUNKED_MALFORMED;
}

/* What nobody wants to know is skipped up to the end of its line, but not without end. */
static enum chunked_state skip(struct chunked *chunked, char byte, enum chunked_state stay,
                               enum chunked_state next)
{
    if (byte == '\n' || ++chunked->extras > EXTRAS_MAX)
        return CHUNKED_MALFORMED;
    return byte == '\r' ? next : stay;
}

/* The state after a byte that is not data. */
static enum chunked_state step(struct chunked *chunked, char byte)
{
    switch (chunked->state) {
    case CHUNKED_SIZE:
        return read_size(chunked, byte);
    case CHUNKED_EXTENSION:
        return skip(chunked, byte, CHUNKED_EXTENSION, CHUNKED_SIZE_END);
    case CHUNKED_SIZE_END:
        if (byte != '\n')
            return CHUNKED_MALFORMED;
        return chunked->left > 0 ? CHUNKED_DATA : CHUNKED_TRAILER;
    case CHUNKED_DATA_CR:
        return byte == '\r' ? CHUNKED_DATA_END : CHUNKED_MALFORMED;
    case CHUNKED_DATA_END:
        chunked->digits = 0;
        return byte == '\n' ? CHUNKED_SIZE : CHUNKED_MALFORMED;
    case CHUNKED_TRAILER:
        return skip(chunked, byte, CHUNKED_TRAILER_FIELD, CHUNKED_LAST);
    case CHUNKED_TRAILER_FIELD:
        return skip(chunked, byte, CHUNKED_TRAILER_FIELD, CHUNKED_TRAILER_END);
    case CHUNKED_TRAILER_END:
        return byte == '\n' ? CHUNKED_TRAILER : CHUNKED_MALFORMED;
    case CHUNKED_LAST:
        return byte == '\n' ? CHUNKED_ENDED : CHUNKED_MALFORMED;
    default:
        return chunked->state;
    }
}

size_t chunked_read(struct chunked *chunked, const char *bytes, size_t length, const char **data,
                    size_t *data_length)
{
    size_t used = 0;

    *data_length = 0;
    while (used < length && chunked->state < CHUNKED_ENDED) {
        if (chunked->state == CHUNKED_DATA) {
            size_t here = length - used;
            *data = bytes + used;
            *data_length = chunked->left < here ? (size_t)chunked->left : here;
            chunked->left -= *data_length;
            if (chunked->left == 0)
                chunked->state = CHUNKED_DATA_CR;
            return used + *data_length;
        }
        chunked->state = step(chunked, bytes[used++]);
    }
    return used;
}
