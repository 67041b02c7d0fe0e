/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host that forks with a kept connection: parent and child go on using one gateway, each on
 * connections of its own and with a maintenance thread of its own.
 *
 *     fork_host ADDRESS SCRIPT
 *
 * ADDRESS is of an application that answers with the QUERY_STRING of its request in the body.
 * Ends with 0 when every answer in both processes was whole and right, and the child reused nothing
 * of the parent's.
 */
#include "gateway.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *script;

struct answer {
    char body[4096];
    size_t length;
};

static gateway_callback_status take_body(void *context, const void *bytes, size_t length)
{
    struct answer *answer = context;
    if (length > sizeof(answer->body) - 1 - answer->length)
        return GATEWAY_STOP;
    memcpy(answer->body + answer->length, bytes, length);
    answer->length += length;
    return GATEWAY_CONTINUE;
}

static void add(gateway_request *request, const char *name, const char *value)
{
    gateway_request_param(request, name, strlen(name), value, strlen(value));
}

/* Asks once; answers 1 when the answer holds what was asked, and tells whether it was reused. */
static int ask(gateway_backend *backend, const char *token, int *is_reused)
{
    gateway_callbacks callbacks = GATEWAY_CALLBACKS_INIT;
    gateway_result result = GATEWAY_RESULT_INIT;
    gateway_request *request;
    struct answer answer = {{0}, 0};

    callbacks.body = take_body;
    if (gateway_request_open(backend, &request) != GATEWAY_OK)
        return 0;
    add(request, "SCRIPT_FILENAME", script);
    add(request, "REQUEST_METHOD", "GET");
    add(request, "SERVER_PROTOCOL", "HTTP/1.1");
    add(request, "QUERY_STRING", token);
    gateway_handle(backend, request, NULL, &callbacks, &answer, &result);
    gateway_request_close(request);
    *is_reused = (result.flags & GATEWAY_RESULT_REUSED) != 0;
    if (result.outcome != GATEWAY_OUTCOME_COMPLETE || strstr(answer.body, token) == NULL) {
        printf("%ld: %s, \"%.100s\"\n", (long)getpid(), result.message, answer.body);
        return 0;
    }
    return 1;
}

/* Many requests in one process; the first tells whether it found a connection there. */
static int ask_often(gateway_backend *backend, const char *who, int *is_first_reused)
{
    int right = 1;
    int i;
    for (i = 0; i < 200; i++) {
        char token[64];
        int is_reused;
        snprintf(token, sizeof(token), "token=%s-%d-", who, i);
        right &= ask(backend, token, &is_reused);
        if (i == 0)
            *is_first_reused = is_reused;
    }
    return right;
}

/* Threads of this process, of which one is the library's. */
static int threads(void)
{
    struct dirent *entry;
    DIR *tasks = opendir("/proc/self/task");
    int count = 0;
    while ((entry = readdir(tasks)) != NULL)
        count += entry->d_name[0] != '.';
    closedir(tasks);
    return count;
}

int main(int argc, char **argv)
{
    gateway_options library = GATEWAY_OPTIONS_INIT;
    gateway_backend_options options = GATEWAY_BACKEND_OPTIONS_INIT;
    gateway *gateway;
    gateway_backend *backend;
    int is_reused, is_right, status;
    pid_t child;

    library.flags = GATEWAY_MAINTENANCE_THREAD;
    if (argc != 3 || gateway_open(&library, &gateway) != GATEWAY_OK)
        return 2;
    script = argv[2];
    options.flags = GATEWAY_BACKEND_KEEP_CONNECTIONS;
    if (gateway_backend_open(gateway, argv[1], &options, &backend) != GATEWAY_OK)
        return 2;
    is_right = ask_often(backend, "before", &is_reused);

    child = fork();
    if (child == 0) {
        is_right = ask_often(backend, "child", &is_reused);
        is_right &= threads() == 2;
        gateway_backend_close(backend);
        gateway_close(gateway);
        _exit(is_right && !is_reused ? 0 : 1);
    }
    is_right &= ask_often(backend, "parent", &is_reused);
    is_right &= is_reused;
    is_right &= waitpid(child, &status, 0) == child;
    is_right &= WIFEXITED(status) && WEXITSTATUS(status) == 0;
    /* The child's end has closed nothing of the parent's. */
    is_right &= ask_often(backend, "after", &is_reused) && is_reused;
    is_right &= threads() == 2;
    printf("%s\n", is_right ? "right" : "wrong");
    gateway_backend_close(backend);
    gateway_close(gateway);
    return is_right ? 0 : 1;
}
