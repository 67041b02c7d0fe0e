/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host that was built without libgateway: it loads the library by name, runs requests with it
 * and says how they ended. Run it without arguments for its options.
 */
#define _POSIX_C_SOURCE 200809L

#include "bytes.h"
#include "host_options.h"
#include "host_request.h"
#include "loaded_gateway.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define OUTCOME_MAX 16
/* Of descriptors: beside one for each thread, what is kept idle or is being closed. */
#define SPARE_DESCRIPTORS 64

/* What all requests came to, under its lock while threads run. */
static struct tally {
    pthread_mutex_t lock;
    unsigned long next;
    unsigned long outcomes[OUTCOME_MAX];
    unsigned long unexpected;
    unsigned long long body_bytes;
} tally = { PTHREAD_MUTEX_INITIALIZER, 0, { 0 }, 0, 0 };

static struct host host;

static void count_response(const struct response *response, int as_expected)
{
    const gateway_result *result = &response->result;

    pthread_mutex_lock(&tally.lock);
    if (result->outcome < OUTCOME_MAX)
        tally.outcomes[result->outcome]++;
    tally.body_bytes += response->body.length;
    if (!as_expected && tally.unexpected++ < 5)
        printf("unexpected: request %lu: %s at %s, status %u, %zu bytes of body, %s\n",
               response->number, host.loaded.outcome_name(result->outcome),
               host.loaded.stage_name(result->stage), (unsigned)result->http_status,
               response->body.length, result->message);
    pthread_mutex_unlock(&tally.lock);
}

static int next_number(unsigned long *number)
{
    pthread_mutex_lock(&tally.lock);
    *number = tally.next++;
    pthread_mutex_unlock(&tally.lock);
    return *number < host.options.count;
}

static void print_response(const struct response *response)
{
    const gateway_result *result = &response->result;
    size_t i, shown = response->body.length < 70 ? response->body.length : 70;

    printf("status %u\nstage %s\napplication-status %u\nflags %u\nmessage %s\n",
           (unsigned)result->http_status, host.loaded.stage_name(result->stage),
           (unsigned)result->application_status, (unsigned)result->flags, result->message);
    if (response->head_status)
        printf("head %u\n", response->head_status);
    else
        puts("head none");
    printf("sent %llu\nreceived %llu\nfirst ", (unsigned long long)result->bytes_sent,
           (unsigned long long)result->bytes_received);
    for (i = 0; i < shown; i++) {
        char byte = response->body.data[i];
        putchar(byte >= ' ' && byte <= '~' ? byte : '.');
    }
    putchar('\n');
    fwrite(response->fields.data, 1, response->fields.length, stdout);
    if (response->error_text.length > 0) {
        fputs("stderr ", stdout);
        fwrite(response->error_text.data, 1, response->error_text.length, stdout);
    }
}

static int write_body(const struct response *response)
{
    FILE *file = fopen(host.options.output, "wb");

    if (!file)
        return -1;
    fwrite(response->body.data, 1, response->body.length, file);
    return fclose(file);
}

static void *run_requests(void *unused)
{
    struct response response;
    unsigned long number;

    (void)unused;
    memset(&response, 0, sizeof(response));
    while (next_number(&number)) {
        int ran = host_run_request(&host, number, &response) == 0;
        count_response(&response, ran && host_response_expected(&host, &response));
        if (host.options.count == 1)
            print_response(&response);
        if (host.options.output && write_body(&response) != 0)
            perror(host.options.output);
    }
    response_free(&response);
    return NULL;
}

static void run_threads(void)
{
    pthread_t threads[256];
    unsigned long i, count = host.options.threads < 256 ? host.options.threads : 256;

    if (count <= 1) {
        run_requests(NULL);
        return;
    }
    for (i = 0; i < count; i++) {
        if (pthread_create(&threads[i], NULL, run_requests, NULL) != 0)
            break;
    }
    count = i;
    for (i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

/* Lets a leaked descriptor show after a few requests instead of after thousands. */
static void limit_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = (rlim_t)(host.options.threads + SPARE_DESCRIPTORS);
    setrlimit(RLIMIT_NOFILE, &limit);
}

static int open_descriptors(void)
{
    int descriptor, count = 0;

    for (descriptor = 0; descriptor < sysconf(_SC_OPEN_MAX); descriptor++)
        count += fcntl(descriptor, F_GETFD) >= 0;
    return count;
}

static void print_tally(void)
{
    int i;

    for (i = 0; i < OUTCOME_MAX; i++) {
        if (tally.outcomes[i] > 0)
            printf("outcome %s %lu\n", host.loaded.outcome_name((gateway_outcome)i),
                   tally.outcomes[i]);
    }
    printf("body %llu\nunexpected %lu\n", tally.body_bytes, tally.unexpected);
}

int main(int argc, char **argv)
{
    int descriptors;

    if (host_options_read(&host.options, argc, argv) != 0)
        return 2;
    if (!host.options.sigpipe_default)
        signal(SIGPIPE, SIG_IGN);
    limit_descriptors();
    descriptors = open_descriptors();
    if (loaded_gateway_open(&host.loaded, host.options.library) != 0 || host_open(&host) != 0)
        return 2;
    run_threads();
    print_tally();
    host_close(&host);
    descriptors = open_descriptors() - descriptors;
    printf("leaked %d\n", descriptors);
    return tally.unexpected > 0 || descriptors != 0 ? 1 : 0;
}
