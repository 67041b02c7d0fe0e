/* SPDX-License-Identifier: Apache-2.0 */
/* How long the dynamic linker takes for a library, in microseconds. */
#include <dlfcn.h>
#include <stdio.h>
#include <time.h>

int main(int count, char **arguments)
{
    struct timespec before, after;
    void *library;
    if (count != 2) return 2;
    clock_gettime(CLOCK_MONOTONIC, &before);
    library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    clock_gettime(CLOCK_MONOTONIC, &after);
    if (library == NULL) {
        fprintf(stderr, "load_time: %s\n", dlerror());
        return 1;
    }
    printf("load %.1f\n", (double)(after.tv_sec - before.tv_sec) * 1e6 +
                              (double)(after.tv_nsec - before.tv_nsec) / 1e3);
    return 0;
}
