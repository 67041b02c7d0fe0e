# SPDX-License-Identifier: Apache-2.0
"""Reads a trace of the epoll host: which of its calls could have waited?"""

import re

COMMAND = ["strace", "-D", "-f", "-e", "signal=none", "-o"]

CALL = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\) += (-?\d+|\?)")
# They never wait, or only for the kernel's own work.
IMMEDIATE = {
    "accept4", "bind", "brk", "clock_gettime", "close", "dup", "epoll_create1", "epoll_ctl",
    "eventfd2", "fcntl", "fstat", "futex_wake", "getpeername", "getpid", "getrandom",
    "getsockname", "getsockopt", "ioctl", "listen", "lseek", "madvise", "mmap", "mprotect",
    "mremap", "munmap", "newfstatat", "openat", "pread64", "rt_sigaction", "rt_sigprocmask",
    "rt_sigreturn", "sched_yield", "setsockopt", "shutdown", "socket", "unlink", "gettid",
    "exit_group", "sysinfo", "tgkill",
}  # fmt: skip
TRANSFERS = {
    "connect", "read", "readv", "recvfrom", "recvmsg", "sendmsg", "sendto", "write", "writev",
}  # fmt: skip


class Trace:
    """The calls after a mark in a trace, and what is known of descriptors from before it."""

    def __init__(self, path, mark):
        self.nonblocking = set()
        self.files = set()
        self.names = {}
        self.suspects = []
        begun = False
        for line in path.read_text(errors="replace").splitlines():
            match = CALL.match(line)
            if not match:
                continue
            name, arguments, result = match.groups()
            if begun:
                self.names[name] = self.names.get(name, 0) + 1
                if self._may_wait(name, arguments):
                    self.suspects.append(line)
            self._note(name, arguments, result)
            begun = begun or mark in arguments
        assert begun, "there is no %s in the trace" % mark

    def _note(self, name, arguments, result):
        descriptor = int(result) if result != "?" else -1
        if name in ("socket", "accept4", "eventfd2"):
            known = self.nonblocking if "NONBLOCK" in arguments else None
        elif name in ("openat", "open"):
            known = self.files
        elif name == "fcntl" and "F_SETFL" in arguments:
            descriptor = int(arguments.split(",")[0])
            known = self.nonblocking if "O_NONBLOCK" in arguments else None
        else:
            return
        self.nonblocking.discard(descriptor)
        self.files.discard(descriptor)
        if known is not None:
            known.add(descriptor)

    def _may_wait(self, name, arguments):
        if name == "epoll_pwait" or name in IMMEDIATE:
            return False
        if name in TRANSFERS:
            descriptor = int(arguments.split(",")[0])
            at_once = "MSG_DONTWAIT" in arguments or descriptor in self.nonblocking
            return not at_once and descriptor not in self.files
        if name == "poll":
            return not arguments.endswith(", 0")
        if name == "ppoll":
            return "{tv_sec=0, tv_nsec=0}" not in arguments
        if name == "futex":
            return "FUTEX_WAIT" in arguments
        return True
