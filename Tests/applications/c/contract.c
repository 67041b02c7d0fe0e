/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract (../README.md) under libfcgi, with as many threads as asked for on the listening
 * socket at descriptor 0.
 */
#include <fcgiapp.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BLOCK = 65536, VALUE_MAX = 512 };

/* The value of a name in the query string; empty where it is not. */
static const char *query(const FCGX_Request *request, const char *name, char value[VALUE_MAX])
{
    const char *at = FCGX_GetParam("QUERY_STRING", request->envp);
    size_t length = strlen(name);

    value[0] = '\0';
    for (; at != NULL && *at != '\0'; at += strspn(at, "&")) {
        size_t pair = strcspn(at, "&");
        if (pair > length && pair - length <= VALUE_MAX && at[length] == '='
            && strncmp(at, name, length) == 0) {
            memcpy(value, at + length + 1, pair - length - 1);
            value[pair - length - 1] = '\0';
        }
        at += pair;
    }
    return value;
}

static void reply(FCGX_Request *request, const char *status, const char *fields, const char *body)
{
    FCGX_FPrintF(request->out, "Status: %s\r\nContent-Type: text/plain\r\n%s\r\n", status, fields);
    FCGX_PutS(body, request->out);
}

static void reply_params(FCGX_Request *request)
{
    char names[VALUE_MAX], *rest = names;

    query(request, "names", names);
    reply(request, "200 OK", "", "");
    for (char *name; (name = strtok_r(rest, ",", &rest)) != NULL;) {
        const char *value = FCGX_GetParam(name, request->envp);
        FCGX_PutS(name, request->out);
        FCGX_PutS(value != NULL ? "=" : " absent", request->out);
        FCGX_PutS(value != NULL ? value : "", request->out);
        FCGX_PutChar('\n', request->out);
    }
}

/* What the application sees of its body, for those who cannot be answered any more. */
static void witness(FCGX_Request *request, long length)
{
    const char *path = FCGX_GetParam("WITNESS", request->envp);
    int error = FCGX_GetError(request->in);
    FILE *file = path != NULL ? fopen(path, "a") : NULL;

    if (file == NULL)
        return;
    if (error != 0)
        fprintf(file, "error %d\n", error);
    else
        fprintf(file, "read %ld\n", length);
    fclose(file);
}

static void reply_body_digest(FCGX_Request *request)
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned sum_length = 0;
    long length = 0;
    char piece[8192];
    int count;

    EVP_DigestInit_ex(digest, EVP_sha256(), NULL);
    while ((count = FCGX_GetStr(piece, sizeof piece, request->in)) > 0) {
        EVP_DigestUpdate(digest, piece, (size_t)count);
        length += count;
    }
    EVP_DigestFinal_ex(digest, sum, &sum_length);
    EVP_MD_CTX_free(digest);
    witness(request, length);
    reply(request, "200 OK", "", "");
    FCGX_FPrintF(request->out, "%ld ", length);
    for (unsigned i = 0; i < sum_length; i++)
        FCGX_FPrintF(request->out, "%02x", sum[i]);
    FCGX_PutChar('\n', request->out);
}

static void send_pattern(FCGX_Request *request, long size, int declared)
{
    char block[BLOCK];

    FCGX_PutS("Content-Type: application/octet-stream\r\n", request->out);
    if (declared)
        FCGX_FPrintF(request->out, "Content-Length: %ld\r\n", size);
    FCGX_PutS("\r\n", request->out);
    for (int i = 0; i < BLOCK; i++)
        block[i] = (char)(i * 7 + i / 256);
    for (long number = 0; size > 0; number++, size -= BLOCK) {
        for (long digit = 15, left = number; digit >= 0; digit--, left /= 10)
            block[digit] = (char)('0' + left % 10);
        FCGX_PutStr(block, size < BLOCK ? (int)size : BLOCK, request->out);
    }
}

static void answer(FCGX_Request *request)
{
    char name[VALUE_MAX], value[VALUE_MAX], text[2 * VALUE_MAX];
    const char *method = FCGX_GetParam("REQUEST_METHOD", request->envp);

    query(request, "case", name);
    if (strcmp(name, "params") == 0) {
        reply_params(request);
    } else if (strcmp(name, "post") == 0) {
        reply_body_digest(request);
    } else if (strcmp(name, "unread") == 0) {
        reply(request, "200 OK", "", "unread\n");
    } else if (strcmp(name, "head") == 0) {
        snprintf(text, sizeof text, "Content-Length: 6\r\nX-Method: %s\r\n", method);
        reply(request, "200 OK", text, "whole\n");
    } else if (strcmp(name, "unmodified") == 0) {
        reply(request, "304 Not Modified", "ETag: \"contract\"\r\n", "");
    } else if (strcmp(name, "missing") == 0) {
        reply(request, "404 Not Found", "", "missing\n");
    } else if (strcmp(name, "redirect") == 0) {
        reply(request, "302 Found", "Location: http://elsewhere.example/there?a=1\r\n",
              "elsewhere\n");
    } else if (strcmp(name, "cookies") == 0) {
        reply(request, "200 OK",
              "Set-Cookie: a=1\r\nSet-Cookie: b=2; Path=/\r\nSet-Cookie: c=3\r\n", "cookies\n");
    } else if (strcmp(name, "stderr") == 0) {
        int lines = atoi(query(request, "lines", value));
        for (int line = 1; line <= lines; line++)
            FCGX_FPrintF(request->err, "stderr line %d\n", line);
        reply(request, "200 OK", "", "stderr\n");
    } else if (strcmp(name, "down") == 0) {
        long size = atol(query(request, "size", value));
        send_pattern(request, size, query(request, "length", value)[0] == '1');
    } else if (strcmp(name, "sleep") == 0) {
        long milliseconds = atol(query(request, "ms", value));
        struct timespec pause = { milliseconds / 1000, milliseconds % 1000 * 1000000 };
        nanosleep(&pause, NULL);
        snprintf(text, sizeof text, "slept %ld\n", milliseconds);
        reply(request, "200 OK", "", text);
    } else if (strcmp(name, "id") == 0) {
        query(request, "token", value);
        snprintf(text, sizeof text, "X-Token: %s\r\n", value);
        reply(request, "200 OK", text, value);
        FCGX_PutChar('\n', request->out);
    } else {
        reply(request, "500 Internal Server Error", "", "no such case\n");
    }
}

static void *serve(void *unused)
{
    FCGX_Request request;

    (void)unused;
    FCGX_InitRequest(&request, 0, 0);
    while (FCGX_Accept_r(&request) == 0)
        answer(&request);
    return NULL;
}

int main(int count, char **arguments)
{
    pthread_t thread;

    signal(SIGPIPE, SIG_IGN);
    FCGX_Init();
    for (int i = count > 1 ? atoi(arguments[1]) : 1; i > 1; i--)
        pthread_create(&thread, NULL, serve, NULL);
    serve(NULL);
    return 0;
}
