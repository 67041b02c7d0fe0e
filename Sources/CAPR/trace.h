/* SPDX-License-Identifier: Apache-2.0 */
/* Follows the system calls of a process (ptrace(2)), which is variadic and lays out registers by
 * machine. All of it by the thread that began. */
#ifndef GATEWAY_CAPR_TRACE_H
#define GATEWAY_CAPR_TRACE_H

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

/* Of waitpid(2): threads too, and only those that this thread follows. */
#define CAPR_TRACE_WAIT ((int)(0x40000000u | 0x20000000u))

typedef enum capr_trace_kind {
    CAPR_TRACE_ENDED,
    /* About to begin a system call. */
    CAPR_TRACE_ENTRY,
    /* A system call has been done, a thread begins, or it was asked to stop. */
    CAPR_TRACE_STOP,
    /* A signal is about to be delivered. */
    CAPR_TRACE_SIGNAL,
    /* Stopped by a signal, with all its threads. */
    CAPR_TRACE_STOPPED
} capr_trace_kind;

typedef struct capr_trace_event {
    pid_t thread;
    capr_trace_kind kind;
    /* As of waitpid(2). */
    int status;
    /* The signal. */
    int signal;
    /* Of the system call: its number and the first argument. */
    int64_t number;
    uint64_t argument;
} capr_trace_event;

/* Follows a thread, and those that it starts, and asks it to stop; -1 and errno on failure. */
static inline int capr_trace_begin(pid_t thread)
{
    long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE;
#if !defined(__x86_64__) && !defined(__aarch64__)
    errno = ENOSYS;
    return -1;
#endif
    return ptrace(PTRACE_SEIZE, thread, NULL, options) != 0         ? -1
           : (int)ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) != 0 ? -1
                                                                    : 0;
}

/* What happened to any of those that are followed: 1; 0: nothing yet; -1: none are left. */
static inline int capr_trace_next(int waits, capr_trace_event *event)
{
    int status = 0;
    pid_t thread;
    do {
        thread = waitpid(-1, &status, CAPR_TRACE_WAIT | (waits ? 0 : WNOHANG));
    } while (thread < 0 && errno == EINTR);
    if (thread <= 0) {
        return (int)thread;
    }
    *event = (capr_trace_event){.thread = thread, .kind = CAPR_TRACE_STOP, .status = status};
    if (!WIFSTOPPED(status)) {
        event->kind = CAPR_TRACE_ENDED;
    } else if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
        struct __ptrace_syscall_info call;
        if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof call, &call) > 0
            && call.op == PTRACE_SYSCALL_INFO_ENTRY) {
            event->kind = CAPR_TRACE_ENTRY;
            event->number = (int64_t)call.entry.nr;
            event->argument = call.entry.args[0];
        }
    } else if (status >> 16 == PTRACE_EVENT_STOP) {
        event->kind = WSTOPSIG(status) == SIGTRAP ? CAPR_TRACE_STOP : CAPR_TRACE_STOPPED;
    } else if (status >> 16 == 0) {
        event->kind = CAPR_TRACE_SIGNAL;
        event->signal = WSTOPSIG(status);
    }
    return 1;
}

/* Goes on until the next system call begins or ends, with a signal or 0. */
static inline void capr_trace_resume(pid_t thread, int signal)
{
    ptrace(PTRACE_SYSCALL, thread, NULL, (long)signal);
}

/* Stays stopped until SIGCONT. */
static inline void capr_trace_stay(pid_t thread) { ptrace(PTRACE_LISTEN, thread, NULL, NULL); }

/* Leaves out the system call that is about to begin, which has this result; -1 on failure. */
static inline int capr_trace_answer(pid_t thread, int64_t result)
{
#if defined(__x86_64__)
    return ptrace(PTRACE_POKEUSER, thread, offsetof(struct user_regs_struct, orig_rax), -1L) != 0
                   || ptrace(PTRACE_POKEUSER, thread, offsetof(struct user_regs_struct, rax),
                             (long)result)
                          != 0
               ? -1
               : 0;
#elif defined(__aarch64__)
    int number = -1;
    struct user_regs_struct registers;
    struct iovec call = {&number, sizeof number}, all = {&registers, sizeof registers};
    if (ptrace(PTRACE_GETREGSET, thread, (void *)NT_PRSTATUS, &all) != 0) {
        return -1;
    }
    registers.regs[0] = (uint64_t)result;
    return ptrace(PTRACE_SETREGSET, thread, (void *)NT_PRSTATUS, &all) != 0
                   || ptrace(PTRACE_SETREGSET, thread, (void *)NT_ARM_SYSTEM_CALL, &call) != 0
               ? -1
               : 0;
#else
    return -1;
#endif
}

#endif
