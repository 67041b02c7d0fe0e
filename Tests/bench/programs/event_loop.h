/* SPDX-License-Identifier: Apache-2.0 */
/* Exchanges in flight in one thread, on epoll: what an event-driven host does, and no more. */
#ifndef EVENT_LOOP_H
#define EVENT_LOOP_H

#include "expect.h"

#include <gateway.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One exchange after another. ended may begin the next one. */
struct flight {
    gateway_request *request;
    gateway_exchange *exchange; /* NULL: none in flight */
    /* Called with each event but the last; false gives the exchange up. NULL: all are dropped. */
    bool (*happened)(struct flight *flight, const gateway_event *event);
    void (*ended)(struct flight *flight, const gateway_result *result);
    int descriptor;
    uint64_t due; /* microseconds; UINT64_MAX: never */
    struct flight *previous, *next;
};

void set_param(gateway_request *request, const char *name, const char *value);

/* Every call of the library that the loop makes from now on has its processor time measured. */
void loop_measure_calls(size_t room);
/* Prints how many calls there were, and of their times in microseconds the highest and the 99.9th
 * percentile. */
void loop_print_calls(void);
/* Around a call of the program's own. */
uint64_t loop_call_begins(void);
void loop_call_ends(uint64_t begun);

void loop_open(void);
/* Opens a non-blocking exchange of flight->request and runs it as far as it goes. */
void loop_begin(gateway_backend *backend, struct flight *flight);
/* Gives it up; ended is called. */
void loop_cancel(struct flight *flight);
/* Waits until something can go on, but at most so long, and lets it. */
void loop_turn(uint64_t microseconds);
size_t loop_in_flight(void);

/* Monotonic, in microseconds. */
uint64_t now_us(void);

/* What the process holds at the moment. */
size_t open_descriptors(void);
size_t resident_kib(void);

/* Sorts the values; answers the least that so many of a thousand do not exceed. */
uint64_t per_mille(uint64_t *values, size_t count, unsigned share);

#endif
