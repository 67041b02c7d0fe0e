/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event loop on epoll: descriptors that are watched, and timers. One thread, one loop.
 */
#ifndef LOOP_H
#define LOOP_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

/* What a watch or a timer is a member of. */
#define OWNER(pointer, type, member) ((type *)((char *)(pointer) - offsetof(type, member)))

/* What is done when a descriptor is ready. events is 0 while it is not watched. */
struct watch {
    void (*ready)(struct watch *watch, uint32_t events);
    int descriptor;
    uint32_t events;
};

/* What is done when a time has come. place is 0 while it is not set. */
struct timer {
    void (*expired)(struct timer *timer);
    uint64_t due;
    size_t place;
};

/* Makes the loop, with room for so many timers. */
bool loop_open(size_t timers_max);
void loop_close(void);

/* Waits for what comes first, with these signals blocked meanwhile, and does what is to be done. */
void loop_turn(const sigset_t *blocked);

/* Milliseconds; the clock is read once in a turn. */
uint64_t loop_now(void);

/* Watches a descriptor for these events, level-triggered; asks the kernel only for what changes. */
void watch_for(struct watch *watch, int descriptor, uint32_t events);
void watch_stop(struct watch *watch);

/* epoll_ctl(2) as it is; answers errno's value. */
int loop_control(int operation, int descriptor, uint32_t events, struct watch *watch);

void timer_set(struct timer *timer, uint64_t milliseconds);
void timer_stop(struct timer *timer);

#endif
