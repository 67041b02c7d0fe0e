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
#include <linux/memfd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "spawn.h"
#include "trace.h"

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

static inline int capr_bind(int descriptor, const struct sockaddr_storage *address,
                            socklen_t length)
{
    return bind(descriptor, (const struct sockaddr *)address, length);
}

/* fcntl(2) is variadic. */
static inline int capr_duplicate_descriptor(int descriptor)
{
    return fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
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

/* The size that a file may grow to; a write beyond it raises SIGXFSZ, which ends the process. */
static inline uint64_t capr_file_size_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return UINT64_MAX;
    return limit.rlim_cur;
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

static inline void capr_futex_wake_one(uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* Of fcntl(2): libc has them for those who define _GNU_SOURCE, linux/fcntl.h does not go with it.
 * The seals forbid further ones, to shrink and to grow. */
#define CAPR_ADD_SEALS 1033
#define CAPR_GET_SEALS 1034
#define CAPR_SEALS 7

/* Memory of this size that other processes can be handed, of a size that nobody can change; -1 and
 * errno on failure. */
static inline int capr_make_shared(size_t size)
{
    int descriptor = (int)syscall(SYS_memfd_create, "gateway", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (descriptor >= 0
        && (ftruncate(descriptor, (off_t)size) != 0
            || fcntl(descriptor, CAPR_ADD_SEALS, CAPR_SEALS) != 0)) {
        close(descriptor);
        return -1;
    }
    return descriptor;
}

/* The size of such memory; -1 when the descriptor is none of it. */
static inline int64_t capr_shared_size(int descriptor)
{
    struct stat status;
    int is_ours = fcntl(descriptor, CAPR_GET_SEALS) == CAPR_SEALS;
    return is_ours && fstat(descriptor, &status) == 0 ? status.st_size : -1;
}

/* A datagram socket at an abstract address that the kernel chooses, five characters (unix(7)):
 * whoever knows the address can wake who waits for the socket. -1 and errno on failure. */
static inline int capr_wake_open(uint64_t *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t size = sizeof address;
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    *name = 0;
    if (descriptor >= 0
        && (bind(descriptor, (struct sockaddr *)&address, sizeof address.sun_family) != 0
            || getsockname(descriptor, (struct sockaddr *)&address, &size) != 0)) {
        close(descriptor);
        return -1;
    }
    memcpy(name, address.sun_path + 1, 5);
    return descriptor;
}

static inline void capr_wake_send(uint64_t name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    memcpy(address.sun_path + 1, &name, 5);
    if (descriptor >= 0) {
        sendto(descriptor, "", 1, MSG_NOSIGNAL, (struct sockaddr *)&address,
               offsetof(struct sockaddr_un, sun_path) + 6);
        close(descriptor);
    }
}

/* One process of a supervised application, as it lies in shared memory. Times are nanoseconds of
 * CLOCK_MONOTONIC. */
typedef struct capr_process_slot {
    int32_t process;
    uint32_t state;
    uint32_t generation;
    uint32_t served;
    uint64_t started;
    uint64_t memory;
    uint64_t busy_since;
    uint32_t is_overdue;
    uint32_t is_doubtful;
    char request[128];
} capr_process_slot;

/* What all processes know of a supervised application. Times are milliseconds. */
typedef struct capr_scoreboard {
    uint32_t concurrency;
    uint32_t max_requests;
    uint32_t queue_timeout;
    uint32_t request_timeout;
    uint32_t generation;
    uint32_t reloads;
    uint32_t failures;
} capr_scoreboard;

/* The system calls in which a process waits for connections, and for events. */
static inline int capr_is_accept(long number)
{
#ifdef SYS_accept
    if (number == SYS_accept)
        return 1;
#endif
    return number == SYS_accept4;
}

static inline int capr_is_poll(long number)
{
#ifdef SYS_poll
    if (number == SYS_poll || number == SYS_select || number == SYS_epoll_wait)
        return 1;
#endif
    return number == SYS_ppoll || number == SYS_pselect6 || number == SYS_epoll_pwait;
}

/* A descriptor that stands for a process; -1 and errno on failure. */
static inline int capr_process_handle(pid_t process)
{
    return (int)syscall(SYS_pidfd_open, process, 0);
}

/* What a descriptor of that process is to a listening socket: that one itself, or a connection that
 * was accepted from it. */
typedef enum capr_socket_role {
    CAPR_SOCKET_OTHER,
    CAPR_SOCKET_LISTENING,
    CAPR_SOCKET_ACCEPTED,
    /* It may not be looked at. */
    CAPR_SOCKET_UNKNOWN
} capr_socket_role;

static inline capr_socket_role capr_socket_role_of(int process, int descriptor, int listener)
{
    union {
        struct sockaddr any;
        struct sockaddr_un local;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } one, other;
    socklen_t one_size = sizeof one, other_size = sizeof other, size = sizeof(int);
    int listens = 0, is_same;
    int copy = (int)syscall(SYS_pidfd_getfd, process, descriptor, 0);
    if (copy < 0) {
        return errno == EBADF || errno == ESRCH ? CAPR_SOCKET_OTHER : CAPR_SOCKET_UNKNOWN;
    }
    memset(&one, 0, sizeof one);
    memset(&other, 0, sizeof other);
    int is_seen = getsockopt(copy, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0
                  && getsockname(copy, &one.any, &one_size) == 0
                  && getsockname(listener, &other.any, &other_size) == 0;
    close(copy);
    if (!is_seen || one.any.sa_family != other.any.sa_family) {
        return CAPR_SOCKET_OTHER;
    }
    is_same = one.any.sa_family == AF_UNIX
                  ? one_size == other_size && memcmp(&one.local, &other.local, one_size) == 0
              : one.any.sa_family == AF_INET ? one.v4.sin_port == other.v4.sin_port
                                             : one.v6.sin6_port == other.v6.sin6_port;
    return !is_same ? CAPR_SOCKET_OTHER : listens ? CAPR_SOCKET_LISTENING : CAPR_SOCKET_ACCEPTED;
}

/* Signals to be read instead of handled; -1 and errno on failure. */
static inline int capr_signal_descriptor(const sigset_t *set)
{
    return signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* The next of them; 0 when none came. */
static inline int capr_next_signal(int descriptor)
{
    struct signalfd_siginfo signal;
    return read(descriptor, &signal, sizeof signal) == (ssize_t)sizeof signal
               ? (int)signal.ssi_signo
               : 0;
}

/* Sends bytes together with a descriptor; -1 and errno on failure. */
static inline ssize_t capr_send_descriptor(int socket, const void *bytes, size_t length,
                                           int descriptor)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec piece = {(void *)bytes, length};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1,
                             .msg_control = control.room, .msg_controllen = sizeof control.room};
    memset(&control, 0, sizeof control);
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.header), &descriptor, sizeof descriptor);
    return sendmsg(socket, &message, MSG_NOSIGNAL);
}

/* Receives bytes, and a descriptor where one comes with them, else -1. */
static inline ssize_t capr_receive_descriptor(int socket, void *bytes, size_t length,
                                              int *descriptor)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec piece = {bytes, length};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1,
                             .msg_control = control.room, .msg_controllen = sizeof control.room};
    ssize_t count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    struct cmsghdr *first = count >= 0 ? CMSG_FIRSTHDR(&message) : NULL;
    *descriptor = -1;
    if (first && first->cmsg_level == SOL_SOCKET && first->cmsg_type == SCM_RIGHTS) {
        memcpy(descriptor, CMSG_DATA(first), sizeof *descriptor);
    }
    return count;
}

/* Accepts a connection, close-on-exec and non-blocking, and tells whose it is; libc has accept4 and
 * ucred for those who define _GNU_SOURCE. */
static inline int capr_accept(int listener, uint32_t *user)
{
    struct { int32_t process; uint32_t user; uint32_t group; } peer = {0, UINT32_MAX, 0};
    socklen_t size = sizeof peer;
    int descriptor = (int)syscall(SYS_accept4, listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (descriptor >= 0) {
        getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size);
        *user = peer.user;
    }
    return descriptor;
}

/* Counters in memory that processes share. */
static inline void capr_count(uint64_t *counter, uint64_t value)
{
    __atomic_fetch_add(counter, value, __ATOMIC_RELAXED);
}

static inline void capr_raise(uint64_t *highest, uint64_t value)
{
    uint64_t known = __atomic_load_n(highest, __ATOMIC_RELAXED);
    while (known < value
           && !__atomic_compare_exchange_n(highest, &known, value, 1, __ATOMIC_RELAXED,
                                           __ATOMIC_RELAXED)) {
    }
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

/* Where the library that holds an address was loaded from; libc has dladdr for those who define
 * _GNU_SOURCE. */
typedef struct capr_loaded {
    const char *file;
    void *base;
    const char *symbol;
    void *address;
} capr_loaded;
extern int capr_dladdr(const void *address, capr_loaded *loaded) __asm__("dladdr");

static inline const char *capr_library_file(void)
{
    capr_loaded loaded;
    return capr_dladdr((const void *)capr_library_file, &loaded) ? loaded.file : NULL;
}

#endif
