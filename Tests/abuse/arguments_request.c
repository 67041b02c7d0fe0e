/* SPDX-License-Identifier: Apache-2.0 */
/* Requests with arguments that they refuse. */
#include "arguments.h"

void refuse_open_request(void)
{
    gateway_request *opened = request;
    FOREIGN(gateway_backend, backend, INVALID(gateway_request_open(it, &opened)));
    INVALID(gateway_request_open(backend, NULL));
    EXPECT(opened == request);
}

void refuse_param(void)
{
    gateway_request *flawed;
    FOREIGN(gateway_request, request, INVALID(gateway_request_param(it, "A", 1, "", 0)));
    INVALID(gateway_request_param(request, NULL, 1, "", 0));
    INVALID(gateway_request_param(request, "A", 1, NULL, 1));
    INVALID(gateway_request_param(request, "A", HUGE_LENGTH, "", 0));
    INVALID(gateway_request_param(request, "A", 1, "", HUGE_LENGTH));
    EXPECT(gateway_request_param(request, "A", 1, NULL, 0) == GATEWAY_OK);
    EXPECT(gateway_request_open(backend, &flawed) == GATEWAY_OK);
    EXPECT(gateway_request_param(flawed, "A", LARGE_LENGTH, "", 0) == GATEWAY_ERR_LIMIT);
    EXPECT(gateway_request_param(flawed, "A", 1, "", LARGE_LENGTH) == GATEWAY_ERR_LIMIT);
    EXPECT(gateway_request_param(flawed, "A", LARGE_LENGTH, "", LARGE_LENGTH) == GATEWAY_ERR_LIMIT);
    EXPECT(gateway_request_param(flawed, NULL, 0, NULL, 0) == GATEWAY_ERR_ENCODING);
    EXPECT(gateway_request_param(flawed, "A\0B", 3, "", 0) == GATEWAY_ERR_ENCODING);
    gateway_request_close(flawed);
}

void refuse_params(void)
{
    gateway_field fields[2] = {{{"A", 1}, {"1", 1}}, {{NULL, 1}, {NULL, 0}}};
    FOREIGN(gateway_request, request, INVALID(gateway_request_params(it, fields, 1)));
    INVALID(gateway_request_params(request, NULL, 1));
    INVALID(gateway_request_params(request, fields, HUGE_LENGTH));
    INVALID(gateway_request_params(request, fields, 2));
    EXPECT(gateway_request_params(request, NULL, 0) == GATEWAY_OK);
    EXPECT(gateway_request_params(request, fields, 1) == GATEWAY_OK);
}

void refuse_http(void)
{
    gateway_http_request given = GATEWAY_HTTP_REQUEST_INIT;
    gateway_field field = {{"A", 1}, {NULL, 3}};
    INVALID(gateway_request_http(request, NULL));
    INVALID(gateway_request_http(request, &given));
    given.method.bytes = "GET";
    given.target.bytes = "/";
    given.method.length = 3;
    given.target.length = 1;
    FOREIGN(gateway_request, request, INVALID(gateway_request_http(it, &given)));
    BAD_SIZES(given, gateway_request_http(request, &given));
    given.fields = &field;
    given.field_count = 1;
    INVALID(gateway_request_http(request, &given));
    field.value.bytes = "";
    field.value.length = HUGE_LENGTH;
    INVALID(gateway_request_http(request, &given));
    given.fields = NULL;
    INVALID(gateway_request_http(request, &given));
    given.field_count = HUGE_LENGTH;
    EXPECT(gateway_request_http(request, &given) != GATEWAY_OK);
    given.field_count = LARGE_LENGTH;
    EXPECT(gateway_request_http(request, &given) == GATEWAY_ERR_LIMIT);
    given.field_count = 0;
    given.script_rule = (gateway_script_rule)77;
    INVALID(gateway_request_http(request, &given));
    given.script_rule = GATEWAY_SCRIPT_PREFIX;
    given.server_port = 65536;
    INVALID(gateway_request_http(request, &given));
}

void refuse_body_bytes(void)
{
    FOREIGN(gateway_request, request, INVALID(gateway_request_body_bytes(it, "", 0)));
    INVALID(gateway_request_body_bytes(request, NULL, 1));
    INVALID(gateway_request_body_bytes(request, "", HUGE_LENGTH));
}

static gateway_read_status read_nothing(void *context, void *buffer, size_t room, size_t *length)
{
    (void)context, (void)buffer, (void)room;
    *length = 0;
    return GATEWAY_READ_OK;
}

void refuse_body_callback(void)
{
    FOREIGN(gateway_request, request,
            INVALID(gateway_request_body_callback(it, read_nothing, NULL, 0)));
    INVALID(gateway_request_body_callback(request, NULL, NULL, 0));
}

void refuse_body_descriptor(void)
{
    FOREIGN(gateway_request, request, INVALID(gateway_request_body_descriptor(it, 0, 0, 0)));
    INVALID(gateway_request_body_descriptor(request, -1, 0, 0));
    INVALID(gateway_request_body_descriptor(request, 0, (uint64_t)-1, 1));
    INVALID(gateway_request_body_descriptor(request, 0, 1, (uint64_t)-1));
}

void refuse_body_written(void)
{
    FOREIGN(gateway_request, request, INVALID(gateway_request_body_written(it, 0)));
}

void refuse_clear(void)
{
    FOREIGN(gateway_request, request, INVALID(gateway_request_clear(it)));
}

void refuse_close_request(void)
{
    FOREIGN(gateway_request, request, gateway_request_close(it));
}
