/* SPDX-License-Identifier: Apache-2.0 */
/* Starts a process. In C, since nothing of Swift may run between fork(2) and exec(2); not by APR,
 * which knows neither the signal at the parent's death nor umask nor what failed. */
#ifndef GATEWAY_CAPR_SPAWN_H
#define GATEWAY_CAPR_SPAWN_H

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define CAPR_SPAWN_DESCRIPTORS 8
/* Of close_range(2): closed by exec(2). */
#define CAPR_CLOSE_RANGE_CLOEXEC 4u
#define CAPR_SPAWN_CLOSED 4096

typedef enum capr_spawn_step {
    CAPR_SPAWN_FORK,
    CAPR_SPAWN_DESCRIPTOR,
    CAPR_SPAWN_LIMIT,
    CAPR_SPAWN_GROUP,
    CAPR_SPAWN_USER,
    CAPR_SPAWN_DIRECTORY,
    CAPR_SPAWN_COMMAND
} capr_spawn_step;

typedef struct capr_spawn_options {
    /* Each ends with NULL; the first argument is looked for in PATH. */
    char *const *arguments;
    char *const *environment;
    const char *directory;                       /* NULL: stays */
    int descriptors[CAPR_SPAWN_DESCRIPTORS];     /* become 0, 1, 2 and so on */
    int descriptor_count;
    int has_identity;                            /* user and groups are to be changed */
    uid_t user;
    gid_t group;
    const gid_t *groups;
    size_t group_count;
    int mask;                                    /* of umask(2); -1: stays */
    int signal_at_death;                         /* of the parent's thread; 0: none */
    const int *resources;                        /* RLIMIT_..., and what they are limited to */
    const uint64_t *limits;
    size_t limit_count;
} capr_spawn_options;

/* What a child that cannot begin tells its parent. */
typedef struct capr_spawn_failure {
    int step;
    int error;
} capr_spawn_failure;

extern char **environ;

static inline char **capr_environment(void)
{
    return environ;
}

static inline int capr_spawn_prepare(const capr_spawn_options *o, pid_t parent, int *moved)
{
    sigset_t none;
    struct sigaction usual;
    sigemptyset(&none);
    usual.sa_handler = SIG_DFL;
    usual.sa_flags = 0;
    sigemptyset(&usual.sa_mask);
    for (int number = 1; number < 32; ++number) {
        sigaction(number, &usual, NULL);
    }
    /* Out of the way of the numbers that they are to have. */
    for (int i = 0; i < o->descriptor_count; ++i) {
        moved[i] = fcntl(o->descriptors[i], F_DUPFD_CLOEXEC, CAPR_SPAWN_DESCRIPTORS);
        if (moved[i] < 0) {
            return CAPR_SPAWN_DESCRIPTOR;
        }
    }
    for (int i = 0; i < o->descriptor_count; ++i) {
        if (dup2(moved[i], i) < 0) {
            return CAPR_SPAWN_DESCRIPTOR;
        }
    }
    /* What else is open is the parent's alone. */
    if (syscall(SYS_close_range, (unsigned)o->descriptor_count, ~0u, CAPR_CLOSE_RANGE_CLOEXEC)
        != 0) {
        /* A kernel, or a sandbox, that does not know it. */
        for (int i = o->descriptor_count; i < CAPR_SPAWN_CLOSED; ++i) {
            fcntl(i, F_SETFD, FD_CLOEXEC);
        }
    }
    for (size_t i = 0; i < o->limit_count; ++i) {
        struct rlimit limit = {(rlim_t)o->limits[i], (rlim_t)o->limits[i]};
        if (setrlimit((__rlimit_resource_t)o->resources[i], &limit) != 0) {
            return CAPR_SPAWN_LIMIT;
        }
    }
    if (o->has_identity) {
        if (setgroups(o->group_count, o->groups) != 0 || setgid(o->group) != 0) {
            return CAPR_SPAWN_GROUP;
        }
        if (setuid(o->user) != 0) {
            return CAPR_SPAWN_USER;
        }
    }
    if (o->directory && chdir(o->directory) != 0) {
        return CAPR_SPAWN_DIRECTORY;
    }
    if (o->mask >= 0) {
        umask((mode_t)o->mask);
    }
    if (o->signal_at_death) {
        /* The change of the user has cleared it; and the parent may have died before. */
        prctl(PR_SET_PDEATHSIG, o->signal_at_death);
        if (getppid() != parent) {
            _exit(127);
        }
    }
    sigprocmask(SIG_SETMASK, &none, NULL);
    environ = (char **)o->environment;
    execvp(o->arguments[0], o->arguments);
    return CAPR_SPAWN_COMMAND;
}

/* The new process, which runs the command by then; -1, the error and what failed. */
static inline pid_t capr_spawn(const capr_spawn_options *options, capr_spawn_failure *failure)
{
    int report[2];
    int moved[CAPR_SPAWN_DESCRIPTORS];
    sigset_t all, before;
    pid_t parent = getpid();
    failure->step = CAPR_SPAWN_FORK;
    if (pipe(report) != 0) {
        failure->error = errno;
        return -1;
    }
    fcntl(report[0], F_SETFD, FD_CLOEXEC);
    fcntl(report[1], F_SETFD, FD_CLOEXEC);
    /* A handler of the parent's must not run in the child. */
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t child = fork();
    if (child == 0) {
        /* Above the numbers that the child's descriptors are to have. */
        int high = fcntl(report[1], F_DUPFD_CLOEXEC, 2 * CAPR_SPAWN_DESCRIPTORS);
        capr_spawn_failure mine;
        mine.step = capr_spawn_prepare(options, parent, moved);
        mine.error = errno;
        if (write(high, &mine, sizeof mine) < 0) {
            _exit(126);
        }
        _exit(127);
    }
    failure->error = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(report[1]);
    if (child > 0) {
        ssize_t count;
        do {
            count = read(report[0], failure, sizeof *failure);
        } while (count < 0 && errno == EINTR);
        if (count == (ssize_t)sizeof *failure) {
            waitpid(child, NULL, 0);
            child = -1;
        }
    }
    close(report[0]);
    return child;
}

#endif
