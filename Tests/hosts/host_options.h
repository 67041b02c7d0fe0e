/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of dlopen_host. */
#ifndef HOST_OPTIONS_H
#define HOST_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#define HOST_PARAMS_MAX 64

/* How the request body gets into the library. */
enum body_way { BODY_BYTES, BODY_CALLBACK, BODY_DESCRIPTOR, BODY_WRITTEN };

struct host_options {
    const char *library;
    const char *address;
    const char *params[HOST_PARAMS_MAX]; /* "NAME=VALUE", in which %n is the request's number */
    size_t param_count;
    const char *body_file;
    size_t body_size; /* of a made-up body, when there is no file */
    enum body_way body_way;
    unsigned long count;
    unsigned long threads;
    unsigned long timeout_ms; /* of every stage; 0: the library's defaults */
    int keep;
    int supplied;
    int by_exchange;
    int sigpipe_default;
    const char *output;
    const char *expect_outcome;
    unsigned long expect_status; /* 0: any */
    const char *expect_body;     /* whole, with %n */
    const char *expect_in_body;  /* somewhere in it */
    const char *expect_body_file;
    int expect_echo; /* the request body, and nothing else */
};

/* Reads the command line; on a mistake says so on stderr and answers -1. */
int host_options_read(struct host_options *options, int argc, char **argv);

#endif
