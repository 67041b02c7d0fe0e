/* SPDX-License-Identifier: Apache-2.0 */
/* Exchanges with arguments that they refuse. */
#include "arguments.h"

void refuse_open_exchange(void)
{
    gateway_exchange_options options = GATEWAY_EXCHANGE_OPTIONS_INIT;
    gateway_exchange *opened = exchange;
    FOREIGN(gateway_backend, backend, INVALID(gateway_exchange_open(it, request, NULL, &opened)));
    FOREIGN(gateway_request, request, INVALID(gateway_exchange_open(backend, it, NULL, &opened)));
    INVALID(gateway_exchange_open(backend, request, NULL, NULL));
    BAD_SIZES(options, gateway_exchange_open(backend, request, &options, &opened));
    options.flags = 0x80000000u;
    INVALID(gateway_exchange_open(backend, request, &options, &opened));
    options.flags = 0;
    options.total_timeout_ms = 0xFFFFFFFFu;
    INVALID(gateway_exchange_open(backend, request, &options, &opened));
    options.total_timeout_ms = 0;
    options.supplied = 1;
    INVALID(gateway_exchange_open(backend, request, &options, &opened));
    options.descriptor = 0;
    options.request_id = 65536;
    INVALID(gateway_exchange_open(backend, request, &options, &opened));
    /* It is in use by the exchange that is open. */
    EXPECT(gateway_exchange_open(backend, request, NULL, &opened) == GATEWAY_ERR_STATE);
    EXPECT(opened == exchange);
}

void refuse_next(void)
{
    gateway_event event = GATEWAY_EVENT_INIT;
    FOREIGN(gateway_exchange, exchange, INVALID(gateway_exchange_next(it, &event)));
    INVALID(gateway_exchange_next(exchange, NULL));
    BAD_SIZES(event, gateway_exchange_next(exchange, &event));
}

void refuse_write_body(void)
{
    gateway_bytes pieces[65];
    size_t index;
    FOREIGN(gateway_exchange, exchange, INVALID(gateway_exchange_write(it, NULL, 0, 0)));
    INVALID(gateway_exchange_write(exchange, NULL, 1, 0));
    INVALID(gateway_exchange_write(exchange, pieces, 65, 0));
    INVALID(gateway_exchange_write(exchange, pieces, HUGE_LENGTH, 0));
    INVALID(gateway_exchange_write(exchange, NULL, 0, 0x80000000u));
    for (index = 0; index < 65; index++) {
        pieces[index].bytes = "";
        pieces[index].length = LARGE_LENGTH;
    }
    INVALID(gateway_exchange_write(exchange, pieces, 64, 0));
    pieces[63].length = HUGE_LENGTH;
    INVALID(gateway_exchange_write(exchange, pieces, 64, 0));
    pieces[0].bytes = NULL;
    pieces[0].length = 1;
    INVALID(gateway_exchange_write(exchange, pieces, 1, 0));
}

void refuse_wait_for(void)
{
    gateway_wait wait = GATEWAY_WAIT_INIT;
    FOREIGN(gateway_exchange, exchange, INVALID(gateway_exchange_wait(it, &wait)));
    INVALID(gateway_exchange_wait(exchange, NULL));
    BAD_SIZES(wait, gateway_exchange_wait(exchange, &wait));
    LONGER(gateway_wait, wait, gateway_exchange_wait(exchange, &newer.known));
}

void refuse_block(void)
{
    FOREIGN(gateway_exchange, exchange, INVALID(gateway_exchange_block(it, 0)));
}

void refuse_result(void)
{
    gateway_result report = GATEWAY_RESULT_INIT;
    FOREIGN(gateway_exchange, exchange, INVALID(gateway_exchange_result(it, &report)));
    INVALID(gateway_exchange_result(exchange, NULL));
    BAD_SIZES(report, gateway_exchange_result(exchange, &report));
    LONGER(gateway_result, report, gateway_exchange_result(exchange, &newer.known));
}

void refuse_cancel(void)
{
    FOREIGN(gateway_exchange, exchange, INVALID(gateway_exchange_cancel(it)));
}

void refuse_close_exchange(void)
{
    FOREIGN(gateway_exchange, exchange, gateway_exchange_close(it));
}

void refuse_handle(void)
{
    gateway_callbacks callbacks = GATEWAY_CALLBACKS_INIT;
    gateway_exchange_options options = GATEWAY_EXCHANGE_OPTIONS_INIT;
    gateway_result report = GATEWAY_RESULT_INIT;
    gateway_request *empty;
    EXPECT(gateway_request_open(backend, &empty) == GATEWAY_OK);
    FOREIGN(gateway_backend, backend,
            INVALID(gateway_handle(it, empty, NULL, NULL, NULL, NULL)));
    FOREIGN(gateway_request, request,
            if (it != empty) INVALID(gateway_handle(backend, it, NULL, NULL, NULL, NULL)));
    BAD_SIZES(callbacks, gateway_handle(backend, empty, NULL, &callbacks, NULL, NULL));
    BAD_SIZES(options, gateway_handle(backend, empty, &options, NULL, NULL, NULL));
    BAD_SIZES(report, gateway_handle(backend, empty, NULL, NULL, NULL, &report));
    options.flags = GATEWAY_EXCHANGE_NONBLOCKING;
    INVALID(gateway_handle(backend, empty, &options, NULL, NULL, NULL));
    EXPECT(gateway_handle(backend, request, NULL, NULL, NULL, NULL) == GATEWAY_ERR_STATE);
    gateway_request_body_written(empty, 0);
    INVALID(gateway_handle(backend, empty, NULL, NULL, NULL, NULL));
    gateway_request_close(empty);
}
