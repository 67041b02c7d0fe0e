/* SPDX-License-Identifier: Apache-2.0 */
/* One request of dlopen_host after another, each on its own, by whatever way its options say. */
#ifndef HOST_REQUEST_H
#define HOST_REQUEST_H

#include "bytes.h"
#include "host_options.h"
#include "loaded_gateway.h"

/* What all threads share; nothing of it changes between host_open and host_close. */
struct host {
    struct host_options options;
    struct loaded_gateway loaded;
    gateway *gateway;
    gateway_backend *backend;
    struct bytes body;     /* of every request */
    struct bytes expected; /* from expect_body_file */
    int body_descriptor;
};

/* What came back for one request. */
struct response {
    unsigned long number;
    gateway_result result;
    unsigned head_status; /* 0: no head came */
    struct bytes fields; /* a line "field NAME: VALUE" each */
    struct bytes body;
    struct bytes error_text;
};

int host_open(struct host *host);
void host_close(struct host *host);

/* Runs a request and fills response; -1 when a call was refused, which is said on stderr. */
int host_run_request(const struct host *host, unsigned long number, struct response *response);

/* 1 when a response is what the options expect. */
int host_response_expected(const struct host *host, const struct response *response);

void response_free(struct response *response);

#endif
