/* SPDX-License-Identifier: Apache-2.0 */
/* Body bytes that say where in the body they belong, so that nothing lost, doubled or shifted goes
 * unseen: they repeat after a prime number of bytes, which no buffer size divides. */
#ifndef PATTERN_H
#define PATTERN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { PATTERN_PERIOD = 65521, PATTERN_WINDOW = 131072 };

static unsigned char pattern_bytes[PATTERN_PERIOD + PATTERN_WINDOW];

static void pattern_prepare(void)
{
    uint32_t state = 1;
    size_t index;
    for (index = 0; index < PATTERN_PERIOD; index++) {
        state = state * 1664525u + 1013904223u;
        pattern_bytes[index] = (unsigned char)(state >> 24);
    }
    for (; index < sizeof pattern_bytes; index++)
        pattern_bytes[index] = pattern_bytes[index - PATTERN_PERIOD];
}

/* The bytes that belong at an offset of the body; PATTERN_WINDOW of them may be used. */
static const unsigned char *pattern_at(uint64_t offset)
{
    return pattern_bytes + offset % PATTERN_PERIOD;
}

/* Whether bytes of the body, at most PATTERN_WINDOW at once, are what belongs at an offset. */
static int pattern_matches(uint64_t offset, const void *bytes, size_t length)
{
    return length <= PATTERN_WINDOW && memcmp(bytes, pattern_at(offset), length) == 0;
}

#endif
