/* SPDX-License-Identifier: Apache-2.0 */
/* What the cases of arguments.c share: handles of each kind, and how a refusal is expected. */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include "gateway.h"

#include <stdio.h>
#include <string.h>

extern gateway *library;
extern gateway_backend *backend;
extern gateway_request *request;
extern gateway_exchange *exchange;
extern gateway_shared *shared;
extern uint32_t application;

/* What may stand where a handle is expected: NULL, each handle, memory that never was one. */
extern void *handles[7];

void expect_at(int holds, const char *what, int line);

#define EXPECT(condition) expect_at(condition, #condition, __LINE__)
#define INVALID(call) EXPECT((call) == GATEWAY_ERR_INVALID)

/* The call with NULL and with each handle of another kind, called `it`. */
#define FOREIGN(type, own, call)                                                                   \
    do {                                                                                           \
        size_t each;                                                                               \
        for (each = 0; each < sizeof handles / sizeof handles[0]; each++) {                        \
            type *it = handles[each];                                                              \
            if ((void *)it != (void *)own)                                                         \
                call;                                                                              \
        }                                                                                          \
    } while (0)

/* Sizes that cover less than themselves, or that no structure has. */
enum { BAD_SIZE_COUNT = 6 };
extern const size_t bad_sizes[BAD_SIZE_COUNT];

#define BAD_SIZES(structure, call)                                                                 \
    do {                                                                                           \
        size_t each, good = structure.size;                                                        \
        for (each = 0; each < BAD_SIZE_COUNT; each++) {                                            \
            structure.size = bad_sizes[each];                                                      \
            INVALID(call);                                                                         \
        }                                                                                          \
        structure.size = good;                                                                     \
    } while (0)

/* A host that is newer than the library has structures that are longer; what is behind stays. */
#define LONGER(type, structure, call)                                                              \
    do {                                                                                           \
        struct {                                                                                   \
            type known;                                                                            \
            unsigned char behind[64];                                                              \
        } newer;                                                                                   \
        size_t each;                                                                               \
        memset(&newer, 0xA5, sizeof newer);                                                        \
        newer.known = structure;                                                                   \
        newer.known.size = sizeof newer;                                                           \
        EXPECT((call) == GATEWAY_OK);                                                              \
        for (each = 0; each < sizeof newer.behind; each++)                                         \
            EXPECT(newer.behind[each] == 0xA5);                                                    \
    } while (0)

#define HUGE_LENGTH ((size_t)-1)
#define LARGE_LENGTH ((size_t)-1 / 2)

void refuse_add(void);
void refuse_add_application(void);
void refuse_application_backend(void);
void refuse_application_stats(void);
void refuse_asked(void);
void refuse_backend_opening(void);
void refuse_backend_stats(void);
void refuse_body_bytes(void);
void refuse_body_callback(void);
void refuse_body_descriptor(void);
void refuse_body_written(void);
void refuse_cancel(void);
void refuse_check_application(void);
void refuse_clear(void);
void refuse_close_application(void);
void refuse_close_backend(void);
void refuse_close_exchange(void);
void refuse_close_gateway(void);
void refuse_close_request(void);
void refuse_close_shared(void);
void refuse_count(void);
void refuse_define(void);
void refuse_endpoint_stats(void);
void refuse_enter(void);
void refuse_failure(void);
void refuse_handle(void);
void refuse_http(void);
void refuse_leave(void);
void refuse_maintain(void);
void refuse_maintain_application(void);
void refuse_next(void);
void refuse_next_deadline(void);
void refuse_open_application(void);
void refuse_open_exchange(void);
void refuse_open_gateway(void);
void refuse_open_request(void);
void refuse_open_shared(void);
void refuse_param(void);
void refuse_params(void);
void refuse_process(void);
void refuse_reload(void);
void refuse_resolve(void);
void refuse_rest(void);
void refuse_result(void);
void refuse_resume(void);
void refuse_role(void);
void refuse_shared_stats(void);
void refuse_supervisor(void);
void refuse_values(void);
void refuse_wait_for(void);
void refuse_block(void);
void refuse_wake(void);
void refuse_write_body(void);

#endif
