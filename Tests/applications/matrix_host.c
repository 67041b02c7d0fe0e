/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks an application that keeps the contract (README.md) through libgateway, and compares every
 * answer with what its request must give.
 *
 *     matrix_host ADDRESS SCRIPT keep|close [TRAIT ...]
 *
 * A TRAIT is what the application is known for (applications.py): sends-stderr, refuses-unread.
 * Each line of standard input is a case, "NAME METHOD BODY THREADS REPEAT QUERY": so many threads
 * send it so many times one after the other, with so many bytes of body (-1: none). An @ in the
 * query becomes another number in each request. For each case a line comes out, "NAME ok REUSED" or
 * "NAME failed COUNT first failure"; the exit status is 0 when every line could be run.
 */
#include <openssl/evp.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gateway.h"

enum { BLOCK = 65536, QUERY_MAX = 512, TEXT_MAX = 32768, WANTED_FIELDS_MAX = 3, THREADS_MAX = 256 };

struct wanted_field {
    const char *name;
    char value[QUERY_MAX];
};

/* What an answer has to be: the body is text, or as much of the pattern as pattern_size says. */
struct wanted {
    uint32_t status;
    struct wanted_field fields[WANTED_FIELDS_MAX];
    size_t field_count;
    char text[TEXT_MAX];
    size_t text_length;
    size_t pattern_size;
    int stderr_lines;
};

struct test_case {
    char name[64], method[16], query[QUERY_MAX];
    long body_length;
    int threads, repeat;
    pthread_mutex_t lock;
    unsigned long number;
    int failures, reused;
    char first_failure[512];
};

/* One request, and what is wrong with its answer so far. */
struct run {
    struct wanted wanted;
    size_t received, stderr_length;
    char stderr_text[4096];
    char failure[512];
};

static gateway_backend *backend;
static const char *script;
static int sends_stderr, refuses_unread;
static unsigned char pattern_rest[BLOCK];

/* ------------------------------------------------------------------------ what must come back */

static void pattern_copy(unsigned char *to, size_t offset, size_t length)
{
    while (length > 0) {
        size_t within = offset % BLOCK, count = BLOCK - within < length ? BLOCK - within : length;
        memcpy(to, pattern_rest + within, count);
        if (within < 16) {
            char digits[32];
            size_t shown = 16 - within < count ? 16 - within : count;
            snprintf(digits, sizeof digits, "%016lu", (unsigned long)(offset / BLOCK));
            memcpy(to, digits + within, shown);
        }
        to += count;
        offset += count;
        length -= count;
    }
}

static void param_value(char *to, size_t length)
{
    for (size_t i = 0; i < length; i++)
        to[i] = (char)('a' + (i * 7 + length) % 26);
}

/* The value of a name in a query string; empty where it is not. */
static void query_value(const char *query, const char *name, char value[QUERY_MAX])
{
    size_t length = strlen(name);

    value[0] = '\0';
    for (const char *at = query; *at != '\0'; at += strspn(at, "&")) {
        size_t pair = strcspn(at, "&");
        if (pair > length && at[length] == '=' && strncmp(at, name, length) == 0)
            snprintf(value, QUERY_MAX, "%.*s", (int)(pair - length - 1), at + length + 1);
        at += pair;
    }
}

static void want_text(struct wanted *wanted, const char *format, ...)
{
    va_list arguments;
    size_t room = TEXT_MAX - wanted->text_length;

    va_start(arguments, format);
    wanted->text_length += (size_t)vsnprintf(wanted->text + wanted->text_length, room, format,
                                             arguments);
    va_end(arguments);
}

static void want_field(struct wanted *wanted, const char *name, const char *value)
{
    struct wanted_field *field = &wanted->fields[wanted->field_count++];

    field->name = name;
    snprintf(field->value, sizeof field->value, "%s", value);
}

static void want_params(struct wanted *wanted, const char *query)
{
    char names[QUERY_MAX], value[TEXT_MAX], *rest = names;

    query_value(query, "names", names);
    for (char *name; (name = strtok_r(rest, ",", &rest)) != NULL;) {
        if (strcmp(name, "PARAM_NONE") == 0) {
            want_text(wanted, "%s absent\n", name);
        } else {
            size_t length = strtoul(name + strlen("PARAM_"), NULL, 10);
            param_value(value, length);
            want_text(wanted, "%s=%.*s\n", name, (int)length, value);
        }
    }
}

static void want_digest(struct wanted *wanted, const void *body, size_t length)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned sum_length = 0;

    EVP_Digest(body, length, sum, &sum_length, EVP_sha256(), NULL);
    want_text(wanted, "%lu ", (unsigned long)length);
    for (unsigned i = 0; i < sum_length; i++)
        want_text(wanted, "%02x", sum[i]);
    want_text(wanted, "\n");
}

/* The contract, from the client's side. */
static void want_answer(struct wanted *wanted, const char *method, const char *query,
                        const void *body, size_t body_length)
{
    char name[QUERY_MAX], value[QUERY_MAX];

    memset(wanted, 0, sizeof *wanted);
    wanted->status = 200;
    query_value(query, "case", name);
    if (strcmp(name, "params") == 0) {
        want_params(wanted, query);
    } else if (strcmp(name, "post") == 0) {
        want_digest(wanted, body, body_length);
    } else if (strcmp(name, "unread") == 0 && refuses_unread && body_length > 65536) {
        wanted->status = 502;
        want_text(wanted, "An error occurred while reading the request\n");
    } else if (strcmp(name, "unread") == 0 || strcmp(name, "cookies") == 0) {
        want_text(wanted, "%s\n", name);
    } else if (strcmp(name, "head") == 0) {
        want_field(wanted, "X-Method", method);
        want_text(wanted, "%s", strcmp(method, "HEAD") == 0 ? "" : "whole\n");
    } else if (strcmp(name, "unmodified") == 0) {
        wanted->status = 304;
        want_field(wanted, "ETag", "\"contract\"");
    } else if (strcmp(name, "missing") == 0) {
        wanted->status = 404;
        want_text(wanted, "missing\n");
    } else if (strcmp(name, "redirect") == 0) {
        wanted->status = 302;
        want_field(wanted, "Location", "http://elsewhere.example/there?a=1");
        want_text(wanted, "elsewhere\n");
    } else if (strcmp(name, "stderr") == 0) {
        query_value(query, "lines", value);
        wanted->stderr_lines = sends_stderr ? atoi(value) : 0;
        want_text(wanted, "stderr\n");
    } else if (strcmp(name, "down") == 0) {
        query_value(query, "size", value);
        wanted->pattern_size = strtoul(value, NULL, 10);
    } else if (strcmp(name, "sleep") == 0) {
        query_value(query, "ms", value);
        want_text(wanted, "slept %s\n", value);
    } else if (strcmp(name, "id") == 0) {
        query_value(query, "token", value);
        want_field(wanted, "X-Token", value);
        want_text(wanted, "%s\n", value);
    }
    if (strcmp(name, "cookies") == 0) {
        want_field(wanted, "Set-Cookie", "a=1");
        want_field(wanted, "Set-Cookie", "b=2; Path=/");
        want_field(wanted, "Set-Cookie", "c=3");
    }
}

/* ------------------------------------------------------------------------- what did come back */

/* Keeps the first thing that is wrong with an answer. */
static gateway_callback_status fail(struct run *run, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (run->failure[0] == '\0')
        vsnprintf(run->failure, sizeof run->failure, format, arguments);
    va_end(arguments);
    return GATEWAY_CONTINUE;
}

static int is_text(gateway_bytes bytes, const char *text)
{
    return bytes.length == strlen(text) && memcmp(bytes.bytes, text, bytes.length) == 0;
}

static gateway_callback_status on_head(void *context, uint32_t status, const gateway_field *fields,
                                       size_t count)
{
    struct run *run = context;
    size_t found = 0;

    if (status != run->wanted.status)
        return fail(run, "status %u, not %u", status, run->wanted.status);
    if (run->wanted.field_count == 0)
        return GATEWAY_CONTINUE;
    for (size_t i = 0; i < count; i++) {
        /* The contract repeats one name at most: all wanted fields share it. */
        const char *name = run->wanted.fields[0].name;
        if (fields[i].name.length != strlen(name)
            || strncasecmp(fields[i].name.bytes, name, fields[i].name.length) != 0)
            continue;
        if (found == run->wanted.field_count)
            return fail(run, "too many fields %s", name);
        if (!is_text(fields[i].value, run->wanted.fields[found++].value))
            return fail(run, "%s is \"%.*s\"", name, (int)fields[i].value.length,
                        (const char *)fields[i].value.bytes);
    }
    if (found < run->wanted.field_count)
        return fail(run, "%lu fields %s are missing",
                    (unsigned long)(run->wanted.field_count - found), run->wanted.fields[0].name);
    return GATEWAY_CONTINUE;
}

static gateway_callback_status on_body(void *context, const void *bytes, size_t length)
{
    struct run *run = context;
    unsigned char expected[BLOCK];
    const unsigned char *at = bytes;
    size_t whole = run->wanted.pattern_size + run->wanted.text_length;

    if (length > whole - run->received)
        return fail(run, "more than %lu bytes of body", (unsigned long)whole);
    while (length > 0) {
        size_t count = length < BLOCK ? length : BLOCK;
        if (run->wanted.pattern_size > 0)
            pattern_copy(expected, run->received, count);
        else
            memcpy(expected, run->wanted.text + run->received, count);
        if (memcmp(at, expected, count) != 0)
            return fail(run, "wrong bytes of body after %lu", (unsigned long)run->received);
        at += count;
        length -= count;
        run->received += count;
    }
    return GATEWAY_CONTINUE;
}

static gateway_callback_status on_error_text(void *context, const void *bytes, size_t length)
{
    struct run *run = context;
    size_t room = sizeof run->stderr_text - 1 - run->stderr_length;

    memcpy(run->stderr_text + run->stderr_length, bytes, length < room ? length : room);
    run->stderr_length += length < room ? length : room;
    return GATEWAY_CONTINUE;
}

static void check_end(struct run *run, const gateway_result *result)
{
    if (result->outcome != GATEWAY_OUTCOME_COMPLETE)
        fail(run, "%s at %s: %s", gateway_outcome_name(result->outcome),
             gateway_stage_name(result->stage), result->message);
    if (run->received != run->wanted.pattern_size + run->wanted.text_length)
        fail(run, "only %lu bytes of body", (unsigned long)run->received);
    for (int line = 1; line <= run->wanted.stderr_lines; line++) {
        char text[64];
        snprintf(text, sizeof text, "stderr line %d", line);
        if (strstr(run->stderr_text, text) == NULL)
            fail(run, "STDERR without \"%s\"", text);
    }
}

/* ----------------------------------------------------------------------------------- requests */

static void add_param(gateway_request *request, struct run *run, const char *name,
                      const char *value)
{
    gateway_status status;

    status = gateway_request_param(request, name, strlen(name), value, strlen(value));
    if (status != GATEWAY_OK)
        fail(run, "%s: %s", name, gateway_status_name(status));
}

static void add_params(gateway_request *request, struct run *run, const struct test_case *test,
                       const char *query)
{
    char text[2 * QUERY_MAX], names[QUERY_MAX], *rest = names, value[TEXT_MAX];

    add_param(request, run, "GATEWAY_INTERFACE", "CGI/1.1");
    add_param(request, run, "REQUEST_METHOD", test->method);
    add_param(request, run, "QUERY_STRING", query);
    snprintf(text, sizeof text, "/contract?%s", query);
    add_param(request, run, "REQUEST_URI", text);
    add_param(request, run, "SCRIPT_NAME", "/contract");
    add_param(request, run, "SCRIPT_FILENAME", script);
    add_param(request, run, "PATH_INFO", "");
    add_param(request, run, "SERVER_PROTOCOL", "HTTP/1.1");
    add_param(request, run, "SERVER_NAME", "localhost");
    add_param(request, run, "SERVER_PORT", "80");
    add_param(request, run, "REMOTE_ADDR", "127.0.0.1");
    if (test->body_length >= 0) {
        snprintf(text, sizeof text, "%ld", test->body_length);
        add_param(request, run, "CONTENT_LENGTH", text);
        add_param(request, run, "CONTENT_TYPE", "application/octet-stream");
    }
    query_value(query, "names", names);
    for (char *name; (name = strtok_r(rest, ",", &rest)) != NULL;) {
        size_t length = strtoul(name + strlen("PARAM_"), NULL, 10);
        if (strcmp(name, "PARAM_NONE") == 0)
            continue;
        param_value(value, length);
        value[length] = '\0';
        add_param(request, run, name, value);
    }
}

static void run_request(struct test_case *test, gateway_request *request, const void *body,
                        unsigned long number)
{
    struct run *run = calloc(1, sizeof *run);
    gateway_callbacks callbacks = GATEWAY_CALLBACKS_INIT;
    gateway_result result = GATEWAY_RESULT_INIT;
    char query[QUERY_MAX + 32];
    const char *at = strchr(test->query, '@');
    gateway_status status;

    if (at == NULL)
        snprintf(query, sizeof query, "%s", test->query);
    else
        snprintf(query, sizeof query, "%.*s%lu%s", (int)(at - test->query), test->query, number,
                 at + 1);
    want_answer(&run->wanted, test->method, query, body,
                test->body_length > 0 ? (size_t)test->body_length : 0);
    gateway_request_clear(request);
    add_params(request, run, test, query);
    if (test->body_length >= 0)
        gateway_request_body_bytes(request, body, (size_t)test->body_length);
    callbacks.head = on_head;
    callbacks.body = on_body;
    callbacks.error_text = on_error_text;
    status = gateway_handle(backend, request, NULL, &callbacks, run, &result);
    if (status != GATEWAY_OK)
        fail(run, "gateway_handle: %s", gateway_status_name(status));
    else
        check_end(run, &result);

    pthread_mutex_lock(&test->lock);
    test->reused += (result.flags & GATEWAY_RESULT_REUSED) != 0;
    if (run->failure[0] != '\0' && test->failures++ == 0)
        snprintf(test->first_failure, sizeof test->first_failure, "%.300s (%.200s)", run->failure,
                 query);
    pthread_mutex_unlock(&test->lock);
    free(run);
}

static void *run_thread(void *context)
{
    struct test_case *test = context;
    size_t length = test->body_length > 0 ? (size_t)test->body_length : 0;
    unsigned char *body = malloc(length + 1);
    gateway_request *request = NULL;

    pattern_copy(body, 0, length);
    if (gateway_request_open(backend, &request) != GATEWAY_OK)
        abort();
    for (int i = 0; i < test->repeat; i++) {
        pthread_mutex_lock(&test->lock);
        unsigned long number = ++test->number;
        pthread_mutex_unlock(&test->lock);
        run_request(test, request, body, number);
    }
    gateway_request_close(request);
    free(body);
    return NULL;
}

static void run_case(struct test_case *test)
{
    pthread_t threads[THREADS_MAX];

    pthread_mutex_init(&test->lock, NULL);
    for (int i = 0; i < test->threads; i++)
        if (pthread_create(&threads[i], NULL, run_thread, test) != 0)
            abort();
    for (int i = 0; i < test->threads; i++)
        pthread_join(threads[i], NULL);
    pthread_mutex_destroy(&test->lock);
    if (test->failures == 0)
        printf("%s ok %d\n", test->name, test->reused);
    else
        printf("%s failed %d %s\n", test->name, test->failures, test->first_failure);
    fflush(stdout);
}

int main(int count, char **arguments)
{
    gateway_options options = GATEWAY_OPTIONS_INIT;
    gateway_backend_options backend_options = GATEWAY_BACKEND_OPTIONS_INIT;
    gateway *gateway = NULL;
    char line[1024];

    if (count < 4)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    script = arguments[2];
    for (int i = 4; i < count; i++) {
        sends_stderr |= strcmp(arguments[i], "sends-stderr") == 0;
        refuses_unread |= strcmp(arguments[i], "refuses-unread") == 0;
    }
    for (unsigned i = 0; i < BLOCK; i++)
        pattern_rest[i] = (unsigned char)(i * 7 + i / 256);
    options.flags = GATEWAY_SIGPIPE_IGNORED;
    if (strcmp(arguments[3], "keep") == 0)
        backend_options.flags = GATEWAY_BACKEND_KEEP_CONNECTIONS;
    backend_options.head_timeout_ms = 30000;
    backend_options.read_timeout_ms = 30000;
    backend_options.send_timeout_ms = 30000;
    if (gateway_open(&options, &gateway) != GATEWAY_OK
        || gateway_backend_open(gateway, arguments[1], &backend_options, &backend) != GATEWAY_OK)
        return 2;
    while (fgets(line, sizeof line, stdin) != NULL) {
        struct test_case test = { .number = 0 };
        if (sscanf(line, "%63s %15s %ld %d %d %511s", test.name, test.method, &test.body_length,
                   &test.threads, &test.repeat, test.query) != 6
            || test.threads > THREADS_MAX)
            return 2;
        run_case(&test);
    }
    gateway_backend_close(backend);
    gateway_close(gateway);
    return 0;
}
