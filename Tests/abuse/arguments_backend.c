/* SPDX-License-Identifier: Apache-2.0 */
/* Gateways and backends with arguments that they refuse. */
#include "arguments.h"

void refuse_open_gateway(void)
{
    gateway_options options = GATEWAY_OPTIONS_INIT;
    gateway *opened = library;
    INVALID(gateway_open(NULL, NULL));
    BAD_SIZES(options, gateway_open(&options, &opened));
    options.flags = 0x80000000u;
    INVALID(gateway_open(&options, &opened));
    EXPECT(opened == library);
    /* What the size does not cover is not read. */
    options.size = sizeof(size_t);
    EXPECT(gateway_open(&options, &opened) == GATEWAY_OK);
    gateway_close(opened);
}

void refuse_close_gateway(void)
{
    FOREIGN(gateway, library, gateway_close(it));
}

void refuse_maintain(void)
{
    FOREIGN(gateway, library, INVALID(gateway_maintain(it)));
}

void refuse_next_deadline(void)
{
    uint32_t time = 7;
    FOREIGN(gateway, library, INVALID(gateway_next_deadline(it, &time)));
    INVALID(gateway_next_deadline(library, NULL));
    EXPECT(time == 7);
}

static void open_backend(void)
{
    static const char *const bad[] = {
        "",           " ",           "unix:",         "unix:relative", "unix:@",     "tcp:",
        "tcp:host",   "tcp::80",     "tcp:[::1:80",   "tcp:h:0",       "tcp:h:65536", "tcp:h:-1",
        "tcp:h:+80",  "tcp:/a:80",   "http://a/",     "tcp:a:b:80",    "\xFF\xFE",   "UNIX:/a",
    };
    gateway_backend_options options = GATEWAY_BACKEND_OPTIONS_INIT;
    gateway_backend *opened = backend;
    char path[300] = "unix:/";
    size_t index;
    FOREIGN(gateway, library, INVALID(gateway_backend_open(it, "unix:/a", NULL, &opened)));
    INVALID(gateway_backend_open(library, "unix:/a", NULL, NULL));
    BAD_SIZES(options, gateway_backend_open(library, "unix:/a", &options, &opened));
    options.flags = 0x80000000u;
    INVALID(gateway_backend_open(library, "unix:/a", &options, &opened));
    for (index = 0; index < sizeof bad / sizeof bad[0]; index++)
        if (gateway_backend_open(library, bad[index], NULL, &opened) != GATEWAY_ERR_ADDRESS)
            expect_at(0, bad[index], __LINE__);
    memset(path + 6, 'a', sizeof path - 7);
    EXPECT(gateway_backend_open(library, path, NULL, &opened) == GATEWAY_ERR_ADDRESS);
    EXPECT(opened == backend);
}

/* Each number of the options out of its range, one at a time. */
static void backend_numbers(void)
{
    gateway_backend_options options = GATEWAY_BACKEND_OPTIONS_INIT;
    uint32_t *const bounded[] = {
        &options.connect_timeout_ms, &options.send_timeout_ms, &options.head_timeout_ms,
        &options.read_timeout_ms,    &options.total_timeout_ms, &options.io_buffer_size,
        &options.max_head_size,      &options.max_head_fields, &options.max_params_size,
        &options.idle_timeout_ms,    &options.max_idle,        &options.max_connection_age_ms,
        &options.queue_timeout_ms,   &options.queue_length,    &options.max_active,
        &options.max_endpoint_active, &options.max_connections, &options.max_stderr_size,
    };
    gateway_backend *opened = NULL;
    size_t index;
    for (index = 0; index < sizeof bounded / sizeof bounded[0]; index++) {
        /* The greatest number of all has a meaning for some. */
        *bounded[index] = 0xFFFFFFFEu;
        INVALID(gateway_backend_open(library, "unix:/a", &options, &opened));
        *bounded[index] = 0;
    }
    EXPECT(opened == NULL);
    /* Those without a bound may be whatever there is. */
    options.max_requests_per_connection = 0xFFFFFFFFu;
    options.max_spooled_size = (uint64_t)-1;
    EXPECT(gateway_backend_open(library, "unix:/a", &options, &opened) == GATEWAY_OK);
    gateway_backend_close(opened);
}

void refuse_backend_opening(void)
{
    open_backend();
    backend_numbers();
}

void refuse_close_backend(void)
{
    FOREIGN(gateway_backend, backend, gateway_backend_close(it));
}

void refuse_backend_stats(void)
{
    gateway_stats stats = GATEWAY_STATS_INIT;
    FOREIGN(gateway_backend, backend, INVALID(gateway_backend_stats(it, &stats)));
    INVALID(gateway_backend_stats(backend, NULL));
    BAD_SIZES(stats, gateway_backend_stats(backend, &stats));
    LONGER(gateway_stats, stats, gateway_backend_stats(backend, &newer.known));
}

void refuse_endpoint_stats(void)
{
    gateway_stats stats = GATEWAY_STATS_INIT;
    FOREIGN(gateway_backend, backend, INVALID(gateway_endpoint_stats(it, 0, &stats)));
    INVALID(gateway_endpoint_stats(backend, 0, NULL));
    INVALID(gateway_endpoint_stats(backend, 1, &stats));
    INVALID(gateway_endpoint_stats(backend, 0xFFFFFFFFu, &stats));
    BAD_SIZES(stats, gateway_endpoint_stats(backend, 0, &stats));
}

void refuse_resolve(void)
{
    FOREIGN(gateway_backend, backend, INVALID(gateway_backend_resolve(it)));
}

void refuse_values(void)
{
    gateway_values answer = GATEWAY_VALUES_INIT;
    FOREIGN(gateway_backend, backend, INVALID(gateway_backend_values(it, 0, 1, &answer)));
    INVALID(gateway_backend_values(backend, 0, 1, NULL));
    INVALID(gateway_backend_values(backend, 0xFFFFFFFFu, 1, &answer));
    INVALID(gateway_backend_values(backend, 0, 60001, &answer));
    BAD_SIZES(answer, gateway_backend_values(backend, 0, 1, &answer));
}
