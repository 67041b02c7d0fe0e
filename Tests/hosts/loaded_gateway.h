/* SPDX-License-Identifier: Apache-2.0 */
/* libgateway as a host sees it that was never linked with it: a table filled by dlsym. */
#ifndef LOADED_GATEWAY_H
#define LOADED_GATEWAY_H

#include "../../include/gateway.h"

struct loaded_gateway {
    const char *(*version)(void);
    uint32_t (*abi_version)(void);
    const char *(*status_name)(gateway_status);
    const char *(*outcome_name)(gateway_outcome);
    const char *(*stage_name)(gateway_stage);
    gateway_status (*open)(const gateway_options *, gateway **);
    void (*close)(gateway *);
    gateway_status (*backend_open)(gateway *, const char *, const gateway_backend_options *,
                                   gateway_backend **);
    void (*backend_close)(gateway_backend *);
    gateway_status (*request_open)(gateway_backend *, gateway_request **);
    gateway_status (*request_param)(gateway_request *, const char *, size_t, const char *, size_t);
    gateway_status (*request_body_bytes)(gateway_request *, const void *, size_t);
    gateway_status (*request_body_callback)(gateway_request *, gateway_read_function, void *,
                                            uint64_t);
    gateway_status (*request_body_descriptor)(gateway_request *, int32_t, uint64_t, uint64_t);
    gateway_status (*request_body_written)(gateway_request *, uint64_t);
    gateway_status (*request_clear)(gateway_request *);
    void (*request_close)(gateway_request *);
    gateway_status (*exchange_open)(gateway_backend *, gateway_request *,
                                    const gateway_exchange_options *, gateway_exchange **);
    gateway_status (*exchange_next)(gateway_exchange *, gateway_event *);
    gateway_status (*exchange_write)(gateway_exchange *, const gateway_bytes *, size_t, uint32_t);
    gateway_status (*exchange_result)(gateway_exchange *, gateway_result *);
    void (*exchange_close)(gateway_exchange *);
    gateway_status (*handle)(gateway_backend *, gateway_request *, const gateway_exchange_options *,
                             const gateway_callbacks *, void *, gateway_result *);
};

/* Loads the library at path; on failure says why on stderr and answers -1. It stays loaded. */
int loaded_gateway_open(struct loaded_gateway *loaded, const char *path);

#endif
