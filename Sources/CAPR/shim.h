/* SPDX-License-Identifier: Apache-2.0 */
/* What Swift needs of APR and the C library and cannot import or lay out by itself. */
#ifndef GATEWAY_CAPR_SHIM_H
#define GATEWAY_CAPR_SHIM_H

#include <apr-1.0/apr_errno.h>
#include <apr-1.0/apr_file_io.h>
#include <apr-1.0/apr_general.h>
#include <apr-1.0/apr_network_io.h>
#include <apr-1.0/apr_pools.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* apr_pool_create is a macro, which Swift does not import. */
static inline apr_status_t capr_pool_create(apr_pool_t **made, apr_pool_t *parent)
{
    return apr_pool_create(made, parent);
}

/* The cast between two kinds of address takes one line in C. */
static inline int capr_connect(int descriptor, const struct sockaddr_storage *address,
                               socklen_t length)
{
    return connect(descriptor, (const struct sockaddr *)address, length);
}

/* ioctl is variadic. */
static inline int capr_set_nonblocking(int descriptor, int on)
{
    return ioctl(descriptor, FIONBIO, &on);
}

/* A file of its own name, close-on-exec, whose name is removed at once; -1 and errno on failure. */
static inline int capr_make_temporary(char *name)
{
    int descriptor = mkstemp(name);
    if (descriptor >= 0) {
        fcntl(descriptor, F_SETFD, FD_CLOEXEC);
        unlink(name);
    }
    return descriptor;
}

/* A lock in memory that processes share; who dies with it held leaves it to the next one. */
static inline void capr_shared_lock_init(pthread_mutex_t *lock)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

/* Waits while *word is value, at most so many milliseconds; futex(2) has no function in libc. */
static inline void capr_futex_wait(uint32_t *word, uint32_t value, uint32_t milliseconds)
{
    struct timespec time = {milliseconds / 1000, (long)(milliseconds % 1000) * 1000000};
    syscall(SYS_futex, word, FUTEX_WAIT, value, &time, NULL, 0);
}

static inline void capr_futex_wake(uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE, 0x7FFFFFFF, NULL, NULL, 0);
}

/* Counters in memory that processes share. */
static inline void capr_count(uint64_t *counter, uint64_t value)
{
    __atomic_fetch_add(counter, value, __ATOMIC_RELAXED);
}

/* How many entries are whole: each is written before it counts. */
static inline uint32_t capr_published(const uint32_t *count)
{
    return __atomic_load_n(count, __ATOMIC_ACQUIRE);
}

static inline void capr_publish(uint32_t *count, uint32_t value)
{
    __atomic_store_n(count, value, __ATOMIC_RELEASE);
}

static inline uint64_t capr_counted(const uint64_t *counter)
{
    return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* ThreadSanitizer's own calls, there only where it is linked in. */
extern void __tsan_acquire(void *address) __attribute__((weak));
extern void __tsan_release(void *address) __attribute__((weak));

/* Tells ThreadSanitizer of a lock that it does not know. */
static inline void capr_lock_acquired(const void *lock)
{
    if (__tsan_acquire)
        __tsan_acquire((void *)lock);
}

static inline void capr_lock_released(const void *lock)
{
    if (__tsan_release)
        __tsan_release((void *)lock);
}

#endif
