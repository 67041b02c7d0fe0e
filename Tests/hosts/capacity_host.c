/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes that share the capacity of an application: how many are in a place at once is counted
 * in memory of their own, children keep places and are asked for them, and one is killed with its
 * places. No application is needed.
 *
 *     capacity_host
 *
 * Ends with 0 when the capacity was never exceeded, everybody had a turn, and in the order of
 * arrival.
 */
#define _GNU_SOURCE
#include "gateway.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PLACES = 3, CHILDREN = 4, THREADS = 8, ROUNDS = 200, LONG = 20000 };

static struct shared {
    atomic_int inside, peak, done, arrived, served[64], served_count;
} *shared;

static gateway_shared *memory;
static uint32_t application;

static void fail(const char *what)
{
    printf("%ld: %s\n", (long)getpid(), what);
    exit(1);
}

static void expect(int holds, const char *what)
{
    if (!holds)
        fail(what);
}

static gateway_stats stats(void)
{
    gateway_stats now = GATEWAY_STATS_INIT;
    expect(gateway_shared_stats(memory, application, NULL, &now) == GATEWAY_OK, "no stats");
    return now;
}

static uint32_t enter(void)
{
    uint32_t place;
    expect(gateway_place_enter(memory, application, LONG, &place) == GATEWAY_OK,
           "no place in time");
    return place;
}

static void leave(uint32_t place)
{
    expect(gateway_place_leave(memory, application, place) == GATEWAY_OK, "cannot leave");
}

/* An exchange: nothing but to be counted. */
static void run(void)
{
    int now = atomic_fetch_add(&shared->inside, 1) + 1;
    int peak = atomic_load(&shared->peak);
    gateway_result result = GATEWAY_RESULT_INIT;
    while (now > peak && !atomic_compare_exchange_weak(&shared->peak, &peak, now)) {
    }
    usleep(20);
    atomic_fetch_sub(&shared->inside, 1);
    atomic_fetch_add(&shared->done, 1);
    result.outcome = GATEWAY_OUTCOME_COMPLETE;
    gateway_shared_count(memory, application, &result);
}

/* ------------------------------------------------------------------------- never more at once */

static void *work(void *unused)
{
    uint32_t place = 0;
    int keeps = 0;
    int round;
    for (round = 0; round < ROUNDS; round++) {
        if (keeps
            && gateway_place_resume(memory, application, place) == GATEWAY_AGAIN) {
            leave(place);
            keeps = 0;
        }
        if (!keeps)
            place = enter();
        run();
        keeps = gateway_place_rest(memory, application, place) == GATEWAY_OK;
        if (!keeps)
            leave(place);
    }
    if (keeps)
        leave(place);
    return unused;
}

static void child(void)
{
    pthread_t threads[THREADS];
    int i;
    for (i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, work, NULL);
    for (i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    exit(0);
}

static void await(pid_t process)
{
    int status;
    expect(waitpid(process, &status, 0) == process && WIFEXITED(status)
               && WEXITSTATUS(status) == 0,
           "a child failed");
}

static void never_exceeded(void)
{
    pid_t children[CHILDREN];
    int i;
    for (i = 0; i < CHILDREN; i++)
        if ((children[i] = fork()) == 0)
            child();
    for (i = 0; i < CHILDREN; i++)
        await(children[i]);
    expect(atomic_load(&shared->done) == CHILDREN * THREADS * ROUNDS, "not everybody had a turn");
    expect(atomic_load(&shared->peak) <= PLACES, "more at once than there are places");
    expect(stats().active == 0 && stats().idle == 0 && stats().queued == 0, "places are left");
    expect(stats().complete == CHILDREN * THREADS * ROUNDS, "not counted right");
    expect(stats().waited > 0 && stats().wait_us >= stats().wait_max_us, "no waits were counted");
}

/* --------------------------------------------------------------------------- one that is killed */

static void taken_back(void)
{
    uint32_t places[PLACES];
    pid_t doomed = fork();
    int i;
    if (doomed == 0) {
        for (i = 0; i < PLACES; i++)
            enter();
        pause();
    }
    while (stats().active < PLACES)
        usleep(1000);
    kill(doomed, SIGKILL);
    waitpid(doomed, NULL, 0);
    for (i = 0; i < PLACES; i++)
        places[i] = enter();
    for (i = 0; i < PLACES; i++)
        leave(places[i]);
}

/* ----------------------------------------------------------------------- one that keeps places */

static void asked(void)
{
    int ready[2];
    uint32_t place;
    uint32_t which;
    char byte;
    pid_t keeper;
    int i;
    expect(pipe(ready) == 0, "no pipe");
    keeper = fork();
    if (keeper == 0) {
        for (i = 0; i < PLACES; i++)
            gateway_place_rest(memory, application, enter());
        expect(write(ready[1], "x", 1) == 1, "no pipe");
        expect(gateway_place_asked(memory, LONG, &which) == GATEWAY_OK, "was not asked");
        expect(which == application, "was asked for another");
        leave(0);
        expect(gateway_place_asked(memory, 50, &which) == GATEWAY_AGAIN, "was asked twice");
        for (i = 1; i < PLACES; i++)
            leave((uint32_t)i);
        exit(0);
    }
    expect(read(ready[0], &byte, 1) == 1, "no pipe");
    place = enter();
    leave(place);
    await(keeper);
}

/* --------------------------------------------------------------------------- order of arrival */

static void in_order(void)
{
    uint32_t places[PLACES];
    pid_t children[20];
    int i;
    for (i = 0; i < PLACES; i++)
        places[i] = enter();
    for (i = 0; i < 20; i++) {
        if ((children[i] = fork()) == 0) {
            uint32_t place = enter();
            int at = atomic_fetch_add(&shared->served_count, 1);
            atomic_store(&shared->served[at], i);
            leave(place);
            exit(0);
        }
        while (stats().queued < (uint32_t)i + 1)
            usleep(100);
    }
    /* One place only is given on: they come one after the other. */
    leave(places[0]);
    for (i = 0; i < 20; i++)
        await(children[i]);
    for (i = 0; i < 20; i++)
        expect(atomic_load(&shared->served[i]) == i, "not in the order of arrival");
    for (i = 1; i < PLACES; i++)
        leave(places[i]);
}

/* ------------------------------------------------------------------------------------ refused */

static void refused(void)
{
    uint32_t few;
    uint32_t place;
    uint32_t other;
    const char *name;
    gateway_stats counted = GATEWAY_STATS_INIT;
    expect(gateway_shared_application(memory, "few", 1, 1, &few) == GATEWAY_OK, "no room");
    expect(gateway_place_enter(memory, few, 0, &place) == GATEWAY_OK, "no first place");
    expect(gateway_place_enter(memory, few, 20, &other) == GATEWAY_AGAIN,
           "a second place, or not too long");
    if (fork() == 0) {
        gateway_place_enter(memory, few, LONG, &other);
        exit(0);
    }
    for (;;) {
        gateway_stats now = GATEWAY_STATS_INIT;
        gateway_shared_stats(memory, few, NULL, &now);
        if (now.queued == 1)
            break;
        usleep(1000);
    }
    expect(gateway_place_enter(memory, few, LONG, &other) == GATEWAY_ERR_LIMIT,
           "a longer queue");
    gateway_place_leave(memory, few, place);
    wait(NULL);
    gateway_shared_stats(memory, few, &name, &counted);
    expect(counted.overloaded == 2 && strcmp(name, "few") == 0, "not counted as overloaded");
    expect(gateway_place_enter(memory, 99, 0, &place) == GATEWAY_ERR_INVALID, "99 is none");
    expect(gateway_place_leave(memory, few, 4096) == GATEWAY_ERR_INVALID, "4096 is none");
}

int main(void)
{
    alarm(120);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    expect(gateway_shared_open(&memory) == GATEWAY_OK, "no memory");
    expect(gateway_shared_application(memory, "unix:/x", PLACES, 0, &application)
               == GATEWAY_OK,
           "no application");
    never_exceeded();
    taken_back();
    asked();
    in_order();
    refused();
    gateway_shared_close(memory);
    printf("right\n");
    return 0;
}
