/* SPDX-License-Identifier: Apache-2.0 */
#include "bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int bytes_append(struct bytes *bytes, const void *data, size_t length)
{
    if (bytes->capacity - bytes->length < length) {
        size_t capacity = 2 * (bytes->length + length);
        char *grown = realloc(bytes->data, capacity);
        if (!grown)
            return -1;
        bytes->data = grown;
        bytes->capacity = capacity;
    }
    if (length > 0)
        memcpy(bytes->data + bytes->length, data, length);
    bytes->length += length;
    return 0;
}

int bytes_read_file(struct bytes *bytes, const char *path)
{
    char piece[65536];
    size_t length;
    int failed;
    FILE *file = fopen(path, "rb");

    if (!file) {
        perror(path);
        return -1;
    }
    while ((length = fread(piece, 1, sizeof(piece), file)) > 0) {
        if (bytes_append(bytes, piece, length) != 0)
            break;
    }
    failed = length > 0 || ferror(file);
    fclose(file);
    return failed ? -1 : 0;
}

int bytes_contain(const struct bytes *bytes, const char *needle)
{
    size_t at, length = strlen(needle);

    for (at = 0; at + length <= bytes->length; at++) {
        if (memcmp(bytes->data + at, needle, length) == 0)
            return 1;
    }
    return 0;
}

void bytes_free(struct bytes *bytes)
{
    free(bytes->data);
    memset(bytes, 0, sizeof(*bytes));
}
