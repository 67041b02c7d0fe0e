/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each function of the interface with arguments that it must refuse: NULL, handles of another kind,
 * sizes of 0 and beyond everything, numbers that mean nothing.
 *
 *     arguments --list     names the functions that have a case here
 *     arguments ADDRESS    ends with 0 when all was refused that has to be
 */
#include "arguments.h"

gateway *library;
gateway_backend *backend;
gateway_request *request;
gateway_exchange *exchange;
gateway_shared *shared;
uint32_t application;
void *handles[7];
const size_t bad_sizes[BAD_SIZE_COUNT] = {
    0, 1, sizeof(size_t) - 1, 65537, HUGE_LENGTH, LARGE_LENGTH,
};

static char block[64];
static int is_wrong;

void expect_at(int holds, const char *what, int line)
{
    if (holds)
        return;
    printf("%d: %s\n", line, what);
    is_wrong = 1;
}

static void names(void)
{
    int number;
    for (number = -70000; number < 70000; number += 7)
        EXPECT(gateway_status_name((gateway_status)number) &&
               gateway_outcome_name((gateway_outcome)number) &&
               gateway_stage_name((gateway_stage)number));
    EXPECT(strcmp(gateway_status_name((gateway_status)-1), "unknown status") == 0);
    EXPECT(strcmp(gateway_outcome_name((gateway_outcome)-1), "unknown outcome") == 0);
    EXPECT(strcmp(gateway_stage_name((gateway_stage)-1), "unknown stage") == 0);
}

static void versions(void)
{
    EXPECT(gateway_version() && gateway_abi_version() == GATEWAY_ABI_VERSION);
    EXPECT(gateway_version_number() == GATEWAY_VERSION_NUMBER);
}

static const struct {
    const char *function;
    void (*run)(void);
} cases[] = {
    {"gateway_abi_version", versions},
    {"gateway_application_backend", refuse_application_backend},
    {"gateway_application_check", refuse_check_application},
    {"gateway_application_close", refuse_close_application},
    {"gateway_application_define", refuse_define},
    {"gateway_application_maintain", refuse_maintain_application},
    {"gateway_application_open", refuse_open_application},
    {"gateway_application_process", refuse_process},
    {"gateway_application_reload", refuse_reload},
    {"gateway_application_stats", refuse_application_stats},
    {"gateway_application_supervisor", refuse_supervisor},
    {"gateway_backend_close", refuse_close_backend},
    {"gateway_backend_open", refuse_backend_opening},
    {"gateway_backend_resolve", refuse_resolve},
    {"gateway_backend_stats", refuse_backend_stats},
    {"gateway_backend_values", refuse_values},
    {"gateway_close", refuse_close_gateway},
    {"gateway_endpoint_stats", refuse_endpoint_stats},
    {"gateway_exchange_block", refuse_block},
    {"gateway_exchange_cancel", refuse_cancel},
    {"gateway_exchange_close", refuse_close_exchange},
    {"gateway_exchange_next", refuse_next},
    {"gateway_exchange_open", refuse_open_exchange},
    {"gateway_exchange_result", refuse_result},
    {"gateway_exchange_wait", refuse_wait_for},
    {"gateway_exchange_write", refuse_write_body},
    {"gateway_handle", refuse_handle},
    {"gateway_maintain", refuse_maintain},
    {"gateway_next_deadline", refuse_next_deadline},
    {"gateway_open", refuse_open_gateway},
    {"gateway_outcome_name", names},
    {"gateway_place_asked", refuse_asked},
    {"gateway_place_enter", refuse_enter},
    {"gateway_place_leave", refuse_leave},
    {"gateway_place_rest", refuse_rest},
    {"gateway_place_resume", refuse_resume},
    {"gateway_request_body_bytes", refuse_body_bytes},
    {"gateway_request_body_callback", refuse_body_callback},
    {"gateway_request_body_descriptor", refuse_body_descriptor},
    {"gateway_request_body_written", refuse_body_written},
    {"gateway_request_clear", refuse_clear},
    {"gateway_request_close", refuse_close_request},
    {"gateway_request_http", refuse_http},
    {"gateway_request_open", refuse_open_request},
    {"gateway_request_param", refuse_param},
    {"gateway_request_params", refuse_params},
    {"gateway_request_role", refuse_role},
    {"gateway_shared_add", refuse_add},
    {"gateway_shared_application", refuse_add_application},
    {"gateway_shared_close", refuse_close_shared},
    {"gateway_shared_count", refuse_count},
    {"gateway_shared_failure", refuse_failure},
    {"gateway_shared_open", refuse_open_shared},
    {"gateway_shared_stats", refuse_shared_stats},
    {"gateway_shared_wake", refuse_wake},
    {"gateway_stage_name", names},
    {"gateway_status_name", names},
    {"gateway_version", versions},
    {"gateway_version_number", versions},
};

enum { CASES = sizeof cases / sizeof cases[0] };

/* The exchange is given up, and its request is free again. */
static void end(void)
{
    gateway_event event = GATEWAY_EVENT_INIT;
    gateway_exchange *closed = exchange;
    EXPECT(gateway_request_param(request, "A", 1, "", 0) == GATEWAY_ERR_STATE);
    EXPECT(gateway_request_clear(request) == GATEWAY_ERR_STATE);
    EXPECT(gateway_request_body_bytes(request, "", 0) == GATEWAY_ERR_STATE);
    EXPECT(gateway_exchange_cancel(exchange) == GATEWAY_OK);
    EXPECT(gateway_exchange_next(exchange, &event) == GATEWAY_OK);
    EXPECT(event.type == GATEWAY_EVENT_END);
    EXPECT(gateway_exchange_next(exchange, &event) == GATEWAY_ERR_STATE);
    EXPECT(gateway_exchange_cancel(exchange) == GATEWAY_OK);
    gateway_exchange_close(exchange);
    EXPECT(gateway_request_clear(request) == GATEWAY_OK);
    /* Its memory is the backend's, so a closed one is noticed. */
    INVALID(gateway_exchange_cancel(closed));
    gateway_exchange_close(closed);
}

int main(int argc, char **argv)
{
    int index;
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        for (index = 0; index < CASES; index++)
            printf("%s\n", cases[index].function);
        return 0;
    }
    if (argc != 2 || gateway_open(NULL, &library) != GATEWAY_OK ||
        gateway_backend_open(library, argv[1], NULL, &backend) != GATEWAY_OK ||
        gateway_request_open(backend, &request) != GATEWAY_OK ||
        gateway_shared_open(&shared) != GATEWAY_OK ||
        gateway_shared_application(shared, "limited", 1, 1, &application) != GATEWAY_OK)
        return 2;
    handles[1] = library;
    handles[2] = backend;
    handles[3] = request;
    handles[4] = shared;
    handles[5] = block;
    /* Before an exchange of the request is open, since some refuse only then. */
    for (index = 0; index < CASES; index++)
        if (strncmp(cases[index].function, "gateway_exchange", 16) != 0 &&
            cases[index].run != refuse_handle)
            cases[index].run();
    gateway_request_clear(request);
    gateway_request_body_written(request, 0);
    if (gateway_exchange_open(backend, request, NULL, &exchange) != GATEWAY_OK)
        return 2;
    handles[6] = exchange;
    for (index = 0; index < CASES; index++)
        if (strncmp(cases[index].function, "gateway_exchange", 16) == 0 ||
            cases[index].run == refuse_handle)
            cases[index].run();
    end();
    gateway_request_close(request);
    gateway_backend_close(backend);
    gateway_close(library);
    gateway_shared_close(shared);
    if (!is_wrong)
        printf("right\n");
    return is_wrong;
}
