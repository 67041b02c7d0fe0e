/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "event_loop.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS_MAX = 256, DEADLINE_STEP = 10000 };

static int epoll = -1;
static size_t in_flight;
static struct flight first = {.previous = &first, .next = &first};
static uint64_t *calls, next_look;
static size_t call_count, call_room;

static uint64_t read_clock(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

uint64_t now_us(void)
{
    return read_clock(CLOCK_MONOTONIC) / 1000;
}

void set_param(gateway_request *request, const char *name, const char *value)
{
    expect(gateway_request_param(request, name, strlen(name), value, strlen(value)) == GATEWAY_OK,
           name);
}

/* ------------------------------------------------------------------------------ the calls' cost */

void loop_measure_calls(size_t room)
{
    calls = calloc(room, sizeof *calls);
    call_room = room;
}

uint64_t loop_call_begins(void)
{
    return call_room == 0 ? 0 : read_clock(CLOCK_THREAD_CPUTIME_ID);
}

void loop_call_ends(uint64_t begun)
{
    if (call_room == 0) return;
    expect(call_count < call_room, "more calls than there is room for");
    calls[call_count++] = read_clock(CLOCK_THREAD_CPUTIME_ID) - begun;
}

static int compare(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

uint64_t per_mille(uint64_t *values, size_t count, unsigned share)
{
    qsort(values, count, sizeof *values, compare);
    return count == 0 ? 0 : values[(count * share + 999) / 1000 - 1];
}

void loop_print_calls(void)
{
    printf("calls %zu\n", call_count);
    printf("call_p999 %.1f\n", (double)per_mille(calls, call_count, 999) / 1000);
    printf("call_max %.1f\n", (double)per_mille(calls, call_count, 1000) / 1000);
}

/* ------------------------------------------------------------------------------------- the loop */

void loop_open(void)
{
    epoll = epoll_create1(EPOLL_CLOEXEC);
    expect(epoll >= 0, "no epoll");
}

/* Registered for one event each time: a descriptor that the library has closed is forgotten by the
 * kernel, so that its number alone never says whether it is watched. */
static void watch(struct flight *flight)
{
    struct epoll_event event = {.events = EPOLLONESHOT, .data = {.ptr = flight}};
    gateway_wait wait = GATEWAY_WAIT_INIT;
    uint64_t begun = loop_call_begins();
    gateway_exchange_wait(flight->exchange, &wait);
    loop_call_ends(begun);
    flight->descriptor = wait.descriptor;
    flight->due = wait.timeout_ms == GATEWAY_WAIT_FOREVER
        ? UINT64_MAX : now_us() + (uint64_t)wait.timeout_ms * 1000;
    if (wait.descriptor < 0) return;
    if (wait.interest & GATEWAY_WAIT_READ) event.events |= EPOLLIN;
    if (wait.interest & GATEWAY_WAIT_WRITE) event.events |= EPOLLOUT;
    if (epoll_ctl(epoll, EPOLL_CTL_MOD, wait.descriptor, &event) != 0)
        expect(epoll_ctl(epoll, EPOLL_CTL_ADD, wait.descriptor, &event) == 0, "cannot watch");
}

static void end(struct flight *flight)
{
    gateway_result result = GATEWAY_RESULT_INIT;
    uint64_t begun = loop_call_begins();
    gateway_exchange_result(flight->exchange, &result);
    loop_call_ends(begun);
    /* Fails where the library has closed it. */
    if (flight->descriptor >= 0) epoll_ctl(epoll, EPOLL_CTL_DEL, flight->descriptor, NULL);
    begun = loop_call_begins();
    gateway_exchange_close(flight->exchange);
    loop_call_ends(begun);
    flight->exchange = NULL;
    flight->previous->next = flight->next;
    flight->next->previous = flight->previous;
    in_flight--;
    flight->ended(flight, &result);
}

static void advance(struct flight *flight)
{
    gateway_event event = GATEWAY_EVENT_INIT;
    for (;;) {
        uint64_t begun = loop_call_begins();
        gateway_status status = gateway_exchange_next(flight->exchange, &event);
        loop_call_ends(begun);
        if (status == GATEWAY_AGAIN) {
            watch(flight);
            return;
        }
        expect(status == GATEWAY_OK, gateway_status_name(status));
        if (event.type == GATEWAY_EVENT_END) break;
        if (flight->happened != NULL && !flight->happened(flight, &event))
            gateway_exchange_cancel(flight->exchange);
    }
    end(flight);
}

void loop_begin(gateway_backend *backend, struct flight *flight)
{
    gateway_exchange_options options = GATEWAY_EXCHANGE_OPTIONS_INIT;
    uint64_t begun = loop_call_begins();
    gateway_status status;
    options.flags = GATEWAY_EXCHANGE_NONBLOCKING;
    status = gateway_exchange_open(backend, flight->request, &options, &flight->exchange);
    loop_call_ends(begun);
    expect(status == GATEWAY_OK, gateway_status_name(status));
    flight->descriptor = -1;
    flight->next = &first;
    flight->previous = first.previous;
    first.previous->next = flight;
    first.previous = flight;
    in_flight++;
    advance(flight);
}

void loop_cancel(struct flight *flight)
{
    gateway_exchange_cancel(flight->exchange);
    advance(flight);
}

/* Deadlines are looked at in steps: nobody minds a timeout that is a step late. What has been begun
 * by another one's end is due later, so the list may grow meanwhile, but at its end only. */
static void look_at_deadlines(uint64_t now)
{
    struct flight *each = first.next, *next;
    next_look = now + DEADLINE_STEP;
    for (; each != &first; each = next) {
        next = each->next;
        if (each->due <= now) advance(each);
    }
}

void loop_turn(uint64_t microseconds)
{
    struct epoll_event events[EVENTS_MAX];
    uint64_t longest = in_flight > 0 && microseconds > DEADLINE_STEP ? DEADLINE_STEP : microseconds;
    int index, count = epoll_wait(epoll, events, EVENTS_MAX, (int)((longest + 999) / 1000));
    uint64_t now = now_us();
    expect(count >= 0, "cannot wait");
    for (index = 0; index < count; index++) {
        struct flight *flight = events[index].data.ptr;
        if (flight->exchange != NULL) advance(flight);
    }
    if (now >= next_look) look_at_deadlines(now);
}

size_t loop_in_flight(void)
{
    return in_flight;
}

/* ---------------------------------------------------------------------------- what is held */

size_t open_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    size_t count = 0;
    while (readdir(directory) != NULL) count++;
    closedir(directory);
    /* Without ".", ".." and the directory's own. */
    return count - 3;
}

size_t resident_kib(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    size_t kib = 0;
    while (fgets(line, sizeof line, status) != NULL)
        if (sscanf(line, "VmRSS: %zu", &kib) == 1) break;
    fclose(status);
    return kib;
}
