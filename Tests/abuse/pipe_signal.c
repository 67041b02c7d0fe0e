/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host that ignores SIGPIPE, handles it or leaves it as it is, with an application that is gone
 * before the first write, and with such that close while a long request is written.
 *
 *     pipe_signal ignored|default|handled ADDRESS...
 */
#include "ask.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static volatile sig_atomic_t signals;

static void note(int number)
{
    (void)number;
    signals++;
}

static gateway_outcome send_much(gateway_backend *backend, const char *bytes, size_t length)
{
    gateway_result result = GATEWAY_RESULT_INIT;
    gateway_request *request;
    gateway_request_open(backend, &request);
    fill(request);
    gateway_request_body_bytes(request, bytes, length);
    gateway_handle(backend, request, NULL, NULL, NULL, &result);
    gateway_request_close(request);
    return result.outcome;
}

/* On a connection whose other end is closed already; each mode of it is written to in its way. */
static gateway_outcome send_to_nobody(gateway_backend *backend, int is_nonblocking)
{
    gateway_exchange_options options = GATEWAY_EXCHANGE_OPTIONS_INIT;
    gateway_result result = GATEWAY_RESULT_INIT;
    gateway_request *request;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return GATEWAY_OUTCOME_PENDING;
    close(ends[1]);
    if (is_nonblocking) {
        options.flags = GATEWAY_EXCHANGE_DESCRIPTOR_NONBLOCKING;
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
    }
    options.supplied = 1;
    options.descriptor = ends[0];
    gateway_request_open(backend, &request);
    fill(request);
    gateway_handle(backend, request, &options, NULL, NULL, &result);
    gateway_request_close(request);
    close(ends[0]);
    return result.outcome;
}

int main(int argc, char **argv)
{
    enum { SIZE = 8000000 };
    gateway_options options = GATEWAY_OPTIONS_INIT;
    gateway *library;
    gateway_backend *backend;
    char *bytes = calloc(1, SIZE);
    int index, round, is_wrong = 0;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    if (argc < 3 || !bytes)
        return 2;
    action.sa_handler = strcmp(argv[1], "ignored") == 0   ? SIG_IGN
                        : strcmp(argv[1], "handled") == 0 ? note
                                                          : SIG_DFL;
    sigaction(SIGPIPE, &action, NULL);
    if (action.sa_handler == SIG_IGN)
        options.flags = GATEWAY_SIGPIPE_IGNORED;
    if (gateway_open(&options, &library) != GATEWAY_OK)
        return 2;
    for (index = 2; index < argc; index++) {
        if (gateway_backend_open(library, argv[index], NULL, &backend) != GATEWAY_OK)
            return 2;
        if (send_to_nobody(backend, 0) != GATEWAY_OUTCOME_TRUNCATED ||
            send_to_nobody(backend, 1) != GATEWAY_OUTCOME_TRUNCATED) {
            printf("nobody answered\n");
            is_wrong = 1;
        }
        for (round = 0; round < 20; round++) {
            gateway_outcome outcome = send_much(backend, bytes, SIZE);
            if (outcome != GATEWAY_OUTCOME_COMPLETE && outcome != GATEWAY_OUTCOME_TRUNCATED) {
                printf("%s: %s\n", argv[index], gateway_outcome_name(outcome));
                is_wrong = 1;
            }
        }
        gateway_backend_close(backend);
    }
    gateway_close(library);
    free(bytes);
    if (signals > 0)
        printf("%d signals\n", (int)signals);
    else if (!is_wrong)
        printf("right\n");
    return is_wrong || signals > 0;
}
