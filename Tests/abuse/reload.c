/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host that loads the library, uses it and lets go of it, a hundred times: descriptors, threads
 * and memory stay what they are.
 *
 *     reload LIBRARY ADDRESS
 */
#include "gateway.h"

#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void *library;
static int is_wrong;

/* C has no cast from an object pointer to a function pointer; POSIX lets it be copied. */
#define CALL(function) (memcpy(&function, (void *[]){dlsym(library, #function)}, sizeof function))

static void use(const char *address)
{
    gateway_status (*gateway_open)(const gateway_options *, gateway **);
    void (*gateway_close)(gateway *);
    gateway_status (*gateway_backend_open)(gateway *, const char *, const gateway_backend_options *,
                                           gateway_backend **);
    void (*gateway_backend_close)(gateway_backend *);
    gateway_status (*gateway_request_open)(gateway_backend *, gateway_request **);
    void (*gateway_request_close)(gateway_request *);
    gateway_status (*gateway_request_param)(gateway_request *, const char *, size_t, const char *,
                                            size_t);
    gateway_status (*gateway_handle)(gateway_backend *, gateway_request *,
                                     const gateway_exchange_options *, const gateway_callbacks *,
                                     void *, gateway_result *);
    gateway_options options = GATEWAY_OPTIONS_INIT;
    gateway_backend_options limits = GATEWAY_BACKEND_OPTIONS_INIT;
    gateway_result result = GATEWAY_RESULT_INIT;
    gateway *gateway;
    gateway_backend *backend;
    gateway_request *request;
    CALL(gateway_open), CALL(gateway_close), CALL(gateway_backend_open);
    CALL(gateway_backend_close), CALL(gateway_request_open), CALL(gateway_request_close);
    CALL(gateway_request_param), CALL(gateway_handle);
    options.flags = GATEWAY_MAINTENANCE_THREAD;
    limits.flags = GATEWAY_BACKEND_KEEP_CONNECTIONS;
    if (gateway_open(&options, &gateway)
        || gateway_backend_open(gateway, address, &limits, &backend)
        || gateway_request_open(backend, &request)) {
        is_wrong = 1;
        return;
    }
    gateway_request_param(request, "QUERY_STRING", 12, "n=1", 3);
    gateway_handle(backend, request, NULL, NULL, NULL, &result);
    is_wrong |= result.outcome != GATEWAY_OUTCOME_COMPLETE;
    gateway_request_close(request);
    gateway_backend_close(backend);
    gateway_close(gateway);
}

static int entries(const char *path)
{
    DIR *directory = opendir(path);
    int count = 0;
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

/* Resident memory, in kilobytes. */
static long memory(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long size = 0, resident = 0;
    if (fscanf(file, "%ld %ld", &size, &resident) != 2)
        is_wrong = 1;
    fclose(file);
    return resident * sysconf(_SC_PAGESIZE) / 1024;
}

int main(int argc, char **argv)
{
    int round, descriptors = 0, threads = 0;
    long before = 0;
    if (argc != 3)
        return 2;
    for (round = 0; round < 100 && !is_wrong; round++) {
        library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
        if (!library)
            return 2;
        use(argv[2]);
        dlclose(library);
        if (round == 9) {
            descriptors = entries("/proc/self/fd");
            threads = entries("/proc/self/task");
            before = memory();
        }
    }
    if (entries("/proc/self/fd") != descriptors || entries("/proc/self/task") != threads)
        printf("descriptors %d, %d; threads %d, %d\n", descriptors, entries("/proc/self/fd"),
               threads, entries("/proc/self/task"));
    else if (memory() > before + 512)
        printf("memory %ld, %ld kB\n", before, memory());
    else if (!is_wrong)
        printf("right\n");
    return 0;
}
