/* SPDX-License-Identifier: Apache-2.0 */
/* Supervised applications with arguments that are refused: none of them starts anything. */
#include "arguments.h"

static gateway_application *none;

static gateway_application_options wrong_options(void)
{
    static const char *const command[] = { "true", NULL };
    gateway_application_options options = GATEWAY_APPLICATION_OPTIONS_INIT;
    options.name = "a b";
    options.command = command;
    return options;
}

void refuse_check_application(void)
{
    static const char *const settings[] = { "queue=none", NULL };
    gateway_application_options options = wrong_options();
    char message[8] = "1234567";
    INVALID(gateway_application_check(NULL, message, sizeof message));
    BAD_SIZES(options, gateway_application_check(&options, message, sizeof message));
    INVALID(gateway_application_check(&options, NULL, 1));
    INVALID(gateway_application_check(&options, message, HUGE_LENGTH));
    INVALID(gateway_application_check(&options, message, 0));
    EXPECT(strcmp(message, "1234567") == 0);
    INVALID(gateway_application_check(&options, message, sizeof message));
    EXPECT(strlen(message) == 7);
    options.name = NULL;
    INVALID(gateway_application_check(&options, NULL, 0));
    options.name = "right";
    EXPECT(gateway_application_check(&options, NULL, 0) == GATEWAY_OK);
    options.flags = 0x80000000u;
    INVALID(gateway_application_check(&options, NULL, 0));
    options.flags = 0;
    options.settings = settings;
    INVALID(gateway_application_check(&options, NULL, 0));
}

void refuse_open_application(void)
{
    gateway_application_options options = wrong_options();
    gateway_application *opened = NULL;
    FOREIGN(gateway, library, INVALID(gateway_application_open(it, &options, &opened)));
    INVALID(gateway_application_open(library, NULL, &opened));
    INVALID(gateway_application_open(library, &options, NULL));
    INVALID(gateway_application_open(library, &options, &opened));
    BAD_SIZES(options, gateway_application_open(library, &options, &opened));
    options.name = "nobody";
    options.command = NULL;
    options.runtime_directory = "/nonexistent/gateway";
    EXPECT(gateway_application_open(library, &options, &opened) == GATEWAY_ERR_SYSTEM);
    EXPECT(opened == NULL);
}

void refuse_close_application(void)
{
    FOREIGN(gateway_application, none, gateway_application_close(it));
}

void refuse_application_backend(void)
{
    gateway_backend *opened = NULL;
    FOREIGN(gateway_application, &none,
            INVALID(gateway_application_backend(it, NULL, &opened)));
    EXPECT(opened == NULL);
}

void refuse_define(void)
{
    gateway_application_options options = wrong_options();
    FOREIGN(gateway_application, &none, INVALID(gateway_application_define(it, &options)));
}

void refuse_reload(void)
{
    FOREIGN(gateway_application, &none, INVALID(gateway_application_reload(it, 1)));
}

void refuse_maintain_application(void)
{
    FOREIGN(gateway_application, &none, INVALID(gateway_application_maintain(it)));
}

void refuse_supervisor(void)
{
    int32_t process = 7;
    FOREIGN(gateway_application, &none, INVALID(gateway_application_supervisor(it, &process)));
    EXPECT(process == 7);
}

void refuse_process(void)
{
    gateway_process process = GATEWAY_PROCESS_INIT;
    FOREIGN(gateway_application, &none, INVALID(gateway_application_process(it, 0, &process)));
}

void refuse_application_stats(void)
{
    gateway_stats stats = GATEWAY_STATS_INIT;
    FOREIGN(gateway_application, &none, INVALID(gateway_application_stats(it, &stats)));
}

void refuse_role(void)
{
    FOREIGN(gateway_request, request,
            INVALID(gateway_request_role(it, GATEWAY_ROLE_RESPONDER)));
    INVALID(gateway_request_role(request, (gateway_role)0));
    INVALID(gateway_request_role(request, (gateway_role)3));
}
