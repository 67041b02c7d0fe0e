/* SPDX-License-Identifier: Apache-2.0 */
#include "host_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: dlopen_host LIBRARY ADDRESS [options]\n"
    "  --param NAME=VALUE     adds a parameter; %n in it is the number of the request\n"
    "  --script PATH          the same as --param SCRIPT_FILENAME=PATH\n"
    "  --body-size N          a made-up body; CONTENT_LENGTH and POST are added\n"
    "  --body-file FILE       a body from a file, likewise\n"
    "  --body-by WAY          bytes (default), callback, descriptor (of the file), written\n"
    "  --count N              that many requests, by --threads N threads (default 1)\n"
    "  --keep                 keep connections\n"
    "  --supplied             connect here and hand the connection to the library\n"
    "  --exchange             gateway_exchange_next instead of gateway_handle\n"
    "  --sigpipe-default      do not ignore SIGPIPE, and do not say so\n"
    "  --timeout MS           for each of connect, send, head and read\n"
    "  --output FILE          where the body of the last response goes\n"
    "  --expect OUTCOME       default complete\n"
    "  --expect-status N      of the response\n"
    "  --expect-body TEXT     all of it; %n as above, and a newline at its end\n"
    "  --expect-in-body TEXT  somewhere in it\n"
    "  --expect-body-file F   all of it\n"
    "  --expect-echo          the response body is the request body\n"
    "Prints a tally; exits with 1 when a response is not what is expected, 2 on a mistake here.\n";

static int read_way(enum body_way *way, const char *name)
{
    static const char *const names[] = { "bytes", "callback", "descriptor", "written" };
    size_t i;

    for (i = 0; i < 4; i++) {
        if (strcmp(name, names[i]) == 0) {
            *way = (enum body_way)i;
            return 0;
        }
    }
    return -1;
}

static int add_param(struct host_options *options, const char *param)
{
    if (options->param_count == HOST_PARAMS_MAX || !strchr(param, '='))
        return -1;
    options->params[options->param_count++] = param;
    return 0;
}

static int add_script(struct host_options *options, const char *path)
{
    static char param[4096];

    snprintf(param, sizeof(param), "SCRIPT_FILENAME=%s", path);
    return add_param(options, param);
}

/* An option that is only there or not; 0 when name is none. */
static int read_switch(struct host_options *options, const char *name)
{
    const struct {
        const char *name;
        int *value;
    } switches[] = {
        { "--keep", &options->keep },
        { "--supplied", &options->supplied },
        { "--exchange", &options->by_exchange },
        { "--sigpipe-default", &options->sigpipe_default },
        { "--expect-echo", &options->expect_echo },
    };
    size_t i;

    for (i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
        if (strcmp(name, switches[i].name) == 0)
            return *switches[i].value = 1;
    }
    return 0;
}

static int read_value(struct host_options *options, const char *name, const char *value)
{
    if (strcmp(name, "--param") == 0)
        return add_param(options, value);
    if (strcmp(name, "--script") == 0)
        return add_script(options, value);
    if (strcmp(name, "--body-by") == 0)
        return read_way(&options->body_way, value);
    if (strcmp(name, "--body-size") == 0)
        options->body_size = strtoul(value, NULL, 10);
    else if (strcmp(name, "--body-file") == 0)
        options->body_file = value;
    else if (strcmp(name, "--count") == 0)
        options->count = strtoul(value, NULL, 10);
    else if (strcmp(name, "--threads") == 0)
        options->threads = strtoul(value, NULL, 10);
    else if (strcmp(name, "--timeout") == 0)
        options->timeout_ms = strtoul(value, NULL, 10);
    else if (strcmp(name, "--output") == 0)
        options->output = value;
    else if (strcmp(name, "--expect") == 0)
        options->expect_outcome = value;
    else if (strcmp(name, "--expect-status") == 0)
        options->expect_status = strtoul(value, NULL, 10);
    else if (strcmp(name, "--expect-body") == 0)
        options->expect_body = value;
    else if (strcmp(name, "--expect-in-body") == 0)
        options->expect_in_body = value;
    else if (strcmp(name, "--expect-body-file") == 0)
        options->expect_body_file = value;
    else
        return -1;
    return 0;
}

int host_options_read(struct host_options *options, int argc, char **argv)
{
    int i;

    memset(options, 0, sizeof(*options));
    options->count = 1;
    options->threads = 1;
    options->expect_outcome = "complete";
    if (argc < 3) {
        fputs(usage, stderr);
        return -1;
    }
    options->library = argv[1];
    options->address = argv[2];
    for (i = 3; i < argc; i++) {
        if (read_switch(options, argv[i]))
            continue;
        if (i + 1 == argc || read_value(options, argv[i], argv[i + 1]) != 0) {
            fprintf(stderr, "dlopen_host: wrong at %s\n%s", argv[i], usage);
            return -1;
        }
        i++;
    }
    return 0;
}
