/* SPDX-License-Identifier: Apache-2.0 */
/* One request of the hosts here, whose answer is long, and what came of it. */
#ifndef ASK_H
#define ASK_H

#include "gateway.h"

#include <stdio.h>
#include <string.h>

#define QUERY "n=1&size=300000"
enum { ANSWER_SIZE = 300000 };

struct answer {
    uint32_t status;
    size_t length;
    uint32_t sum;
};

static inline gateway_callback_status take_body(void *context, const void *bytes, size_t length)
{
    struct answer *answer = context;
    const unsigned char *byte = bytes;
    size_t index;
    answer->length += length;
    for (index = 0; index < length; index++)
        answer->sum = answer->sum * 31 + byte[index];
    return GATEWAY_CONTINUE;
}

static inline void fill(gateway_request *request)
{
    gateway_request_param(request, "REQUEST_METHOD", 14, "POST", 4);
    gateway_request_param(request, "SCRIPT_FILENAME", 15, "/a", 2);
    gateway_request_param(request, "QUERY_STRING", 12, QUERY, strlen(QUERY));
}

/* Asks once; 1 when the whole answer came. */
static inline int ask(gateway_backend *backend, struct answer *answer)
{
    gateway_callbacks callbacks = GATEWAY_CALLBACKS_INIT;
    gateway_result result = GATEWAY_RESULT_INIT;
    gateway_request *request;
    if (gateway_request_open(backend, &request) != GATEWAY_OK)
        return 0;
    fill(request);
    memset(answer, 0, sizeof *answer);
    callbacks.body = take_body;
    gateway_handle(backend, request, NULL, &callbacks, answer, &result);
    gateway_request_close(request);
    if (result.outcome != GATEWAY_OUTCOME_COMPLETE)
        printf("%s\n", result.message);
    return result.outcome == GATEWAY_OUTCOME_COMPLETE && answer->length == ANSWER_SIZE;
}

#endif
