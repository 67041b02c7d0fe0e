/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host of a supervised application: so many processes with so many threads each ask it without
 * a pause, and compare each answer.
 *
 *     application_host [options] NAME [key=value...] [-- command...]
 *       --processes N --threads N      who asks; 1, 1
 *       --seconds N | --requests N     how long, in all
 *       --query TEXT                   beside an id of its own for each request
 *       --pause MS                     of each thread between two requests
 *       --directory PATH --supervisor PATH --client USER --log-fd N
 *       --nonblocking                  with poll(2)
 *       --print                        each answer
 *       --reload-every MS              of the first process, in a thread of its own
 *
 * Without a command it attaches. The application answers "PID SERVED CROWDED QUERY". Prints what
 * was counted as one line of JSON; ends with 1 when something failed.
 */
#define _GNU_SOURCE
#include "gateway.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { OUTCOMES = 9, WORDS = 128, SAMPLES = 1 << 20, ANSWER = 4096 };

static struct {
    unsigned processes, threads, seconds, requests, pause, reload_every;
    int is_nonblocking, prints;
    const char *query;
} asked = { .processes = 1, .threads = 1, .query = "" };

/* Of all processes. */
static struct shared {
    atomic_uint begun, wrong, served, crowded, reloads, failed_reloads, sample_count;
    atomic_uint outcomes[OUTCOMES], statuses[600];
    atomic_uint most_served;
    uint32_t samples[SAMPLES];
} *shared;

static gateway *library;
static gateway_application *application;
static gateway_backend *backend;
/* SIGUSR1 makes it 0. */
static volatile double deadline;

struct answer {
    char text[ANSWER];
    size_t length;
    unsigned status;
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void expect(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "application_host: %s\n", what);
        exit(2);
    }
}

static gateway_callback_status take_head(void *context, uint32_t status,
                                         const gateway_field *fields, size_t count)
{
    (void)fields;
    (void)count;
    ((struct answer *)context)->status = status;
    return GATEWAY_CONTINUE;
}

static gateway_callback_status take_body(void *context, const void *bytes, size_t length)
{
    struct answer *answer = context;
    size_t room = ANSWER - 1 - answer->length;
    size_t taken = length < room ? length : room;
    memcpy(answer->text + answer->length, bytes, taken);
    answer->length += taken;
    answer->text[answer->length] = '\0';
    return GATEWAY_CONTINUE;
}

static void add_param(gateway_request *request, const char *name, const char *value)
{
    expect(gateway_request_param(request, name, strlen(name), value, strlen(value)) == GATEWAY_OK,
           "a param was refused");
}

static void run_nonblocking(gateway_request *request, struct answer *answer,
                            gateway_result *result)
{
    gateway_exchange_options options = GATEWAY_EXCHANGE_OPTIONS_INIT;
    gateway_exchange *exchange;
    gateway_event event = GATEWAY_EVENT_INIT;
    options.flags = GATEWAY_EXCHANGE_NONBLOCKING;
    expect(gateway_exchange_open(backend, request, &options, &exchange) == GATEWAY_OK,
           "an exchange was refused");
    do {
        gateway_status status = gateway_exchange_next(exchange, &event);
        if (status == GATEWAY_AGAIN) {
            gateway_wait wait = GATEWAY_WAIT_INIT;
            gateway_exchange_wait(exchange, &wait);
            struct pollfd ready = { .fd = wait.descriptor };
            ready.events |= wait.interest & GATEWAY_WAIT_READ ? POLLIN : 0;
            ready.events |= wait.interest & GATEWAY_WAIT_WRITE ? POLLOUT : 0;
            poll(&ready, 1, wait.timeout_ms == GATEWAY_WAIT_FOREVER ? -1 : (int)wait.timeout_ms);
            event.type = GATEWAY_EVENT_WANTS_BODY;
            continue;
        }
        expect(status == GATEWAY_OK, "an exchange broke");
        if (event.type == GATEWAY_EVENT_HEAD)
            answer->status = event.http_status;
        if (event.type == GATEWAY_EVENT_BODY)
            take_body(answer, event.data.bytes, event.data.length);
    } while (event.type != GATEWAY_EVENT_END);
    gateway_exchange_result(exchange, result);
    gateway_exchange_close(exchange);
}

static void raise_to(atomic_uint *most, unsigned value)
{
    unsigned known = atomic_load(most);
    while (known < value && !atomic_compare_exchange_weak(most, &known, value)) {
    }
}

static void check(const struct answer *answer, const gateway_result *result, const char *query)
{
    unsigned process, served, crowded;
    int length = 0;
    atomic_fetch_add(&shared->outcomes[result->outcome % OUTCOMES], 1);
    if (result->outcome != GATEWAY_OUTCOME_COMPLETE) {
        atomic_fetch_add(&shared->statuses[result->http_status % 600], 1);
        if (asked.prints)
            printf("%s\n", result->message);
        return;
    }
    if (asked.prints)
        fputs(answer->text, stdout);
    if (sscanf(answer->text, "%u %u %u %n", &process, &served, &crowded, &length) < 3
        || strncmp(answer->text + length, query, strlen(query)) != 0
        || answer->text[(size_t)length + strlen(query)] != '\n') {
        fprintf(stderr, "application_host: asked \"%s\", answered \"%s\"\n", query, answer->text);
        atomic_fetch_add(&shared->wrong, 1);
        return;
    }
    atomic_fetch_add(&shared->served, 1);
    atomic_fetch_add(&shared->crowded, crowded);
    raise_to(&shared->most_served, served);
}

static void end_early(int signal)
{
    (void)signal;
    deadline = 0;
}

static int is_over(void)
{
    unsigned number = atomic_fetch_add(&shared->begun, 1);
    return (asked.requests && number >= asked.requests) || now() >= deadline;
}

static void *ask(void *unused)
{
    static const gateway_callbacks callbacks = { sizeof callbacks, take_head, take_body, NULL };
    char query[256];
    unsigned number = 0;
    while (!is_over()) {
        struct answer answer = { .length = 0 };
        gateway_result result = GATEWAY_RESULT_INIT;
        gateway_request *request;
        double begin = now();
        snprintf(query, sizeof query, "id=%ld-%lx-%u%s", (long)getpid(),
                 (unsigned long)pthread_self(), ++number, asked.query);
        expect(gateway_request_open(backend, &request) == GATEWAY_OK, "a request was refused");
        add_param(request, "REQUEST_METHOD", "GET");
        add_param(request, "REQUEST_URI", "/application");
        add_param(request, "QUERY_STRING", query);
        add_param(request, "SCRIPT_FILENAME", getenv("SCRIPT") ? getenv("SCRIPT") : "/application");
        add_param(request, "SERVER_PROTOCOL", "HTTP/1.1");
        add_param(request, "GATEWAY_INTERFACE", "CGI/1.1");
        add_param(request, "SERVER_NAME", "localhost");
        add_param(request, "SERVER_PORT", "80");
        add_param(request, "SCRIPT_NAME", "/application");
        add_param(request, "REDIRECT_STATUS", "200");
        if (asked.is_nonblocking)
            run_nonblocking(request, &answer, &result);
        else
            expect(gateway_handle(backend, request, NULL, &callbacks, &answer, &result)
                       == GATEWAY_OK,
                   "gateway_handle was refused");
        check(&answer, &result, query);
        gateway_request_close(request);
        unsigned sample = atomic_fetch_add(&shared->sample_count, 1);
        shared->samples[sample % SAMPLES] = (uint32_t)((now() - begin) * 1e6);
        if (asked.pause)
            usleep(asked.pause * 1000);
    }
    (void)unused;
    return NULL;
}

static void *reload(void *unused)
{
    while (now() < deadline) {
        usleep(asked.reload_every * 1000);
        gateway_status status = gateway_application_reload(application, 60000);
        atomic_fetch_add(status == GATEWAY_OK ? &shared->reloads : &shared->failed_reloads, 1);
    }
    return unused;
}

static void ask_in_threads(void)
{
    pthread_t threads[512];
    unsigned count = asked.threads < 512 ? asked.threads : 512;
    for (unsigned i = 0; i < count; ++i)
        expect(pthread_create(&threads[i], NULL, ask, NULL) == 0, "no thread");
    for (unsigned i = 0; i < count; ++i)
        pthread_join(threads[i], NULL);
}

static void tell_log(void *context, gateway_log_level level, const char *line)
{
    (void)context;
    (void)level;
    fprintf(stderr, "%s\n", line);
}

static int compare(const void *one, const void *other)
{
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
    return a < b ? -1 : a > b;
}

static void tell(void)
{
    unsigned failed = shared->wrong;
    unsigned count = shared->sample_count < SAMPLES ? shared->sample_count : SAMPLES;
    qsort(shared->samples, count, sizeof *shared->samples, compare);
    printf("{\"served\":%u,\"wrong\":%u,\"crowded\":%u,\"most_served\":%u,\"reloads\":%u,"
           "\"failed_reloads\":%u",
           shared->served, shared->wrong, shared->crowded, shared->most_served, shared->reloads,
           shared->failed_reloads);
    for (int i = 2; i < OUTCOMES; ++i) {
        failed += shared->outcomes[i];
        if (shared->outcomes[i])
            printf(",\"%s\":%u", gateway_outcome_name((gateway_outcome)i), shared->outcomes[i]);
    }
    for (int i = 0; i < 600; ++i) {
        if (shared->statuses[i])
            printf(",\"%d\":%u", i, shared->statuses[i]);
    }
    printf(",\"p50_us\":%u,\"p99_us\":%u,\"max_us\":%u,\"failed\":%u}\n",
           count ? shared->samples[count / 2] : 0, count ? shared->samples[count * 99 / 100] : 0,
           count ? shared->samples[count - 1] : 0, failed);
    exit(failed != 0);
}

static unsigned number(const char *text)
{
    return text ? (unsigned)strtoul(text, NULL, 10) : 0;
}

static void read_options(int count, char **words, gateway_application_options *options)
{
    static const char *settings[WORDS], *command[WORDS];
    int setting_count = 0, i = 1;
    for (; i < count && strncmp(words[i], "--", 2) == 0; ++i) {
        const char *option = words[i] + 2, *value = i + 1 < count ? words[i + 1] : NULL;
        if (strcmp(option, "nonblocking") == 0) {
            asked.is_nonblocking = 1;
            continue;
        }
        if (strcmp(option, "print") == 0) {
            asked.prints = 1;
            continue;
        }
        ++i;
        if (strcmp(option, "processes") == 0) asked.processes = number(value);
        else if (strcmp(option, "threads") == 0) asked.threads = number(value);
        else if (strcmp(option, "seconds") == 0) asked.seconds = number(value);
        else if (strcmp(option, "requests") == 0) asked.requests = number(value);
        else if (strcmp(option, "pause") == 0) asked.pause = number(value);
        else if (strcmp(option, "reload-every") == 0) asked.reload_every = number(value);
        else if (strcmp(option, "query") == 0) asked.query = value;
        else if (strcmp(option, "directory") == 0) options->runtime_directory = value;
        else if (strcmp(option, "supervisor") == 0) options->supervisor = value;
        else if (strcmp(option, "client") == 0) options->client = value;
        else if (strcmp(option, "log-fd") == 0) options->log_descriptor = (int32_t)number(value);
        else expect(0, "unknown option");
    }
    expect(i < count, "no name");
    options->name = words[i++];
    for (; i < count && strcmp(words[i], "--") != 0; ++i)
        settings[setting_count++ % (WORDS - 1)] = words[i];
    options->settings = settings;
    for (int j = 0; ++i < count && j < WORDS - 1; ++j) {
        command[j] = words[i];
        options->command = command;
    }
}

int main(int count, char **words)
{
    gateway_options gateway_given = GATEWAY_OPTIONS_INIT;
    gateway_application_options options = GATEWAY_APPLICATION_OPTIONS_INIT;
    pthread_t reloader;
    read_options(count, words, &options);
    gateway_given.log = tell_log;
    gateway_given.flags = GATEWAY_MAINTENANCE_THREAD;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    expect(shared != MAP_FAILED, "no memory");
    expect(gateway_open(&gateway_given, &library) == GATEWAY_OK, "the library does not open");
    expect(gateway_application_open(library, &options, &application) == GATEWAY_OK,
           "the application does not open");
    expect(gateway_application_backend(application, NULL, &backend) == GATEWAY_OK, "no backend");
    deadline = now() + (asked.seconds ? asked.seconds : 3600);
    for (unsigned i = 1; i < asked.processes; ++i) {
        if (fork() == 0) {
            ask_in_threads();
            _exit(0);
        }
    }
    signal(SIGUSR1, end_early);
    if (asked.reload_every)
        pthread_create(&reloader, NULL, reload, NULL);
    ask_in_threads();
    if (asked.processes > 1) {
        int32_t supervisor;
        gateway_application_supervisor(application, &supervisor);
        for (unsigned i = 1; i < asked.processes; ++i) {
            pid_t ended;
            do
                ended = wait(NULL);
            while (ended == supervisor);
        }
    }
    if (asked.reload_every)
        pthread_join(reloader, NULL);
    gateway_backend_close(backend);
    gateway_application_close(application);
    gateway_close(library);
    tell();
}
