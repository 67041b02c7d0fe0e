/* SPDX-License-Identifier: Apache-2.0 */
/* What a process has used of the processor between two looks, in nanoseconds for each of count. */
#ifndef PROCESSOR_TIME_H
#define PROCESSOR_TIME_H

#include <stdio.h>
#include <sys/resource.h>

static inline double nanoseconds(struct timeval time)
{
    return (double)time.tv_sec * 1e9 + (double)time.tv_usec * 1e3;
}

static inline void print_processor_time(const struct rusage *before, const struct rusage *after,
                                        int count)
{
    printf("user %.1f\nsystem %.1f\n",
           (nanoseconds(after->ru_utime) - nanoseconds(before->ru_utime)) / count,
           (nanoseconds(after->ru_stime) - nanoseconds(before->ru_stime)) / count);
}

#endif
