/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two parts of one program, each with a gateway, a thread and a log of its own; when one closes its
 * gateway, the other goes on.
 *
 *     two_gateways ADDRESS
 */
#include "ask.h"

#include <pthread.h>
#include <signal.h>

struct part {
    const char *address;
    gateway *library;
    gateway_backend *backend;
    int lines;
    int rounds;
    int is_right;
};

static void count_line(void *context, gateway_log_level level, const char *line)
{
    (void)level, (void)line;
    ((struct part *)context)->lines++;
}

static int open_part(struct part *part, uint32_t flags)
{
    gateway_options options = GATEWAY_OPTIONS_INIT;
    gateway_backend_options backend = GATEWAY_BACKEND_OPTIONS_INIT;
    options.flags = flags;
    options.log = count_line;
    options.log_context = part;
    backend.flags = GATEWAY_BACKEND_KEEP_CONNECTIONS;
    return gateway_open(&options, &part->library) == GATEWAY_OK &&
           gateway_backend_open(part->library, part->address, &backend, &part->backend) ==
               GATEWAY_OK;
}

static void *run(void *context)
{
    struct part *part = context;
    struct answer answer;
    int round;
    part->is_right = 1;
    for (round = 0; round < part->rounds; round++)
        part->is_right &= ask(part->backend, &answer);
    gateway_backend_close(part->backend);
    gateway_close(part->library);
    return NULL;
}

int main(int argc, char **argv)
{
    struct part parts[2] = {{NULL, NULL, NULL, 0, 0, 0}, {NULL, NULL, NULL, 0, 0, 0}};
    gateway_backend *unknown;
    pthread_t threads[2];
    int index, are_right;
    if (argc != 2)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    for (index = 0; index < 2; index++) {
        parts[index].address = argv[1];
        parts[index].rounds = 100 + 200 * index;
        if (!open_part(&parts[index],
                       index ? GATEWAY_SIGPIPE_IGNORED | GATEWAY_MAINTENANCE_THREAD : 0))
            return 2;
    }
    /* A handle of one is none of the other's business; what is said goes to its own log. */
    gateway_backend_open(parts[1].library, "nonsense", NULL, &unknown);
    for (index = 0; index < 2; index++)
        pthread_create(&threads[index], NULL, run, &parts[index]);
    for (index = 0; index < 2; index++)
        pthread_join(threads[index], NULL);
    are_right = parts[0].is_right && parts[1].is_right && parts[0].lines == 0 &&
                parts[1].lines == 1;
    printf("%s\n", are_right ? "right" : "wrong");
    return !are_right;
}
