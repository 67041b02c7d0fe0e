/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps a fuzzer from asking name servers: names are unknown, addresses are what they are. Linked
 * into the program, it stands before the C library's own.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>

typedef int (*getaddrinfo_function)(const char *, const char *, const struct addrinfo *,
                                    struct addrinfo **);

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **result)
{
    struct addrinfo numeric = *hints;
    getaddrinfo_function next;
    void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
    memcpy(&next, &symbol, sizeof next);
    numeric.ai_flags |= AI_NUMERICHOST;
    return next(host, service, &numeric, result);
}
