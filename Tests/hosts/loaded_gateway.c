/* SPDX-License-Identifier: Apache-2.0 */
#include "loaded_gateway.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

struct symbol {
    const char *name;
    size_t offset;
};

#define SYMBOL(field) { "gateway_" #field, offsetof(struct loaded_gateway, field) }

static const struct symbol symbols[] = {
    SYMBOL(version),
    SYMBOL(abi_version),
    SYMBOL(status_name),
    SYMBOL(outcome_name),
    SYMBOL(stage_name),
    SYMBOL(open),
    SYMBOL(close),
    SYMBOL(backend_open),
    SYMBOL(backend_close),
    SYMBOL(request_open),
    SYMBOL(request_param),
    SYMBOL(request_body_bytes),
    SYMBOL(request_body_callback),
    SYMBOL(request_body_descriptor),
    SYMBOL(request_body_written),
    SYMBOL(request_clear),
    SYMBOL(request_close),
    SYMBOL(exchange_open),
    SYMBOL(exchange_next),
    SYMBOL(exchange_write),
    SYMBOL(exchange_result),
    SYMBOL(exchange_close),
    SYMBOL(handle),
};

int loaded_gateway_open(struct loaded_gateway *loaded, const char *path)
{
    size_t i;
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        return -1;
    }
    for (i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
        void *address = dlsym(library, symbols[i].name);
        if (!address) {
            fprintf(stderr, "%s\n", dlerror());
            return -1;
        }
        /* C has no cast from an object pointer to a function pointer; POSIX lets it be copied. */
        memcpy((char *)loaded + symbols[i].offset, &address, sizeof(address));
    }
    if (loaded->abi_version() != GATEWAY_ABI_VERSION) {
        fprintf(stderr, "%s: ABI version %u, not %u\n", path, (unsigned)loaded->abi_version(),
                (unsigned)GATEWAY_ABI_VERSION);
        return -1;
    }
    return 0;
}
