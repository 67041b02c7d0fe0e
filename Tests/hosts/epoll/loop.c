/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "loop.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS_MAX = 256 };

/* The timers are a heap: heap[1] is due first, and heap[n] before heap[2n] and heap[2n + 1]. */
static int epoll = -1;
static uint64_t now;
static struct timer **heap;
static size_t timer_count;

static uint64_t read_clock(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

bool loop_open(size_t timers_max)
{
    now = read_clock();
    heap = calloc(timers_max + 1, sizeof *heap);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    return heap != NULL && epoll >= 0;
}

void loop_close(void)
{
    close(epoll);
    free(heap);
}

uint64_t loop_now(void)
{
    return now;
}

static int time_to_wait(void)
{
    uint64_t due;

    if (timer_count == 0)
        return -1;
    due = heap[1]->due;
    now = read_clock();
    if (due <= now)
        return 0;
    return due - now < 60000 ? (int)(due - now) : 60000;
}

void loop_turn(const sigset_t *blocked)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_pwait(epoll, events, EVENTS_MAX, time_to_wait(), blocked);

    now = read_clock();
    for (int i = 0; i < count; i++) {
        struct watch *watch = events[i].data.ptr;
        watch->ready(watch, events[i].events);
    }
    while (timer_count > 0 && heap[1]->due <= now) {
        struct timer *timer = heap[1];
        timer_stop(timer);
        timer->expired(timer);
    }
}

/* -------------------------------------------------------------------------------- descriptors */

int loop_control(int operation, int descriptor, uint32_t events, struct watch *watch)
{
    struct epoll_event event = {.events = events, .data = {.ptr = watch}};

    return epoll_ctl(epoll, operation, descriptor, &event) == 0 ? 0 : errno;
}

void watch_for(struct watch *watch, int descriptor, uint32_t events)
{
    if (watch->events == events)
        return;
    loop_control(watch->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, descriptor, events, watch);
    watch->descriptor = descriptor;
    watch->events = events;
}

void watch_stop(struct watch *watch)
{
    if (watch->events != 0)
        loop_control(EPOLL_CTL_DEL, watch->descriptor, 0, NULL);
    watch->events = 0;
}

/* ------------------------------------------------------------------------------------- timers */

static void put(struct timer *timer, size_t place)
{
    heap[place] = timer;
    timer->place = place;
}

/* Finds the place of a timer, where there is an empty one. */
static void settle(struct timer *timer, size_t place)
{
    size_t next;

    for (; place > 1 && timer->due < heap[place / 2]->due; place /= 2)
        put(heap[place / 2], place);
    while ((next = 2 * place) <= timer_count) {
        if (next < timer_count && heap[next + 1]->due < heap[next]->due)
            next++;
        if (timer->due <= heap[next]->due)
            break;
        put(heap[next], place);
        place = next;
    }
    put(timer, place);
}

void timer_set(struct timer *timer, uint64_t milliseconds)
{
    timer->due = now + milliseconds;
    settle(timer, timer->place > 0 ? timer->place : ++timer_count);
}

void timer_stop(struct timer *timer)
{
    size_t place = timer->place;
    struct timer *last;

    if (place == 0)
        return;
    timer->place = 0;
    last = heap[timer_count--];
    if (last != timer)
        settle(last, place);
}
