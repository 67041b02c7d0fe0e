/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host with other libraries in Swift beside ours, which may have another standard library inside
 * or share one: each goes on as if it were alone.
 *
 *     beside_swift ADDRESS LIBRARY...
 */
#include "ask.h"

#include <dlfcn.h>

int main(int argc, char **argv)
{
    gateway *library;
    gateway_backend *backend;
    struct answer answer;
    int (*counts[8])(int);
    int index, round, loaded = 0;
    for (index = 2; index < argc; index++) {
        void *opened = dlopen(argv[index], RTLD_NOW | RTLD_LOCAL);
        void *symbol = opened ? dlsym(opened, "neighbour_count") : NULL;
        if (!opened) {
            printf("%s\n", dlerror());
            return 2;
        }
        if (symbol)
            memcpy(&counts[loaded++], &symbol, sizeof symbol);
    }
    if (loaded != 2 || gateway_open(NULL, &library) != GATEWAY_OK ||
        gateway_backend_open(library, argv[1], NULL, &backend) != GATEWAY_OK)
        return 2;
    for (round = 0; round < 50; round++) {
        for (index = 0; index < loaded; index++)
            if (counts[index](1000) != 1000)
                return 1;
        if (!ask(backend, &answer))
            return 1;
    }
    gateway_backend_close(backend);
    gateway_close(library);
    printf("right\n");
    return 0;
}
