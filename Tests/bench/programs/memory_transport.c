/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes the place of the kernel (LD_PRELOAD): writev takes everything, recv answers from memory
 * with the bytes of the file ANSWER_FILE, under the id of the request that was written last. What a
 * program then uses of the processor is its own work.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

static uint8_t answer[4096];
static size_t answer_length, record_count, records[16];

__attribute__((constructor)) static void load_answer(void)
{
    const char *path = getenv("ANSWER_FILE");
    FILE *file = path == NULL ? NULL : fopen(path, "rb");
    size_t at = 0;
    if (file == NULL) abort();
    answer_length = fread(answer, 1, sizeof answer, file);
    fclose(file);
    while (at + 8 <= answer_length && record_count < 16) {
        records[record_count++] = at;
        at += 8u + answer[at + 6] + ((size_t)answer[at + 4] << 8 | answer[at + 5]);
    }
    if (at != answer_length || at == 0) abort();
}

ssize_t writev(int descriptor, const struct iovec *vector, int count)
{
    const uint8_t *begin = vector[0].iov_base;
    ssize_t length = 0;
    size_t index;
    (void)descriptor;
    for (index = 0; index < record_count; index++)
        memcpy(answer + records[index] + 2, begin + 2, 2);
    for (; count > 0; count--, vector++) length += (ssize_t)vector->iov_len;
    return length;
}

ssize_t recv(int descriptor, void *buffer, size_t size, int flags)
{
    (void)descriptor;
    (void)flags;
    if (size < answer_length) abort();
    memcpy(buffer, answer, answer_length);
    return (ssize_t)answer_length;
}
