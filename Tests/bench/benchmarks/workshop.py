# SPDX-License-Identifier: Apache-2.0
"""Builds the programs of the benchmarks in a directory of their own, and runs them."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

HOST_CORE, APPLICATION_CORE = 0, 1

# Far more than any run takes: a host that hangs must not hold up the others.
MAX_SECONDS = 30

APPLICATIONS = {"responder", "fickle_application", "single_process", "late_application",
                "counting_application"}
EVENT_HOSTS = {"slow_and_fast", "many_in_flight", "waiting_line", "mixed_outcomes", "hang_up",
               "shared_application"}
PRELOADED = {"memory_transport", "count_allocations"}
MODULES = {"mod_bare"}
EMPTY_STDIN = bytes([1, 5, 0, 1, 0, 0, 0, 0])


class MeasurementFailed(Exception):
    """Nothing can be said about a figure; that counts as its bound missed."""


class Workshop:
    """Owns the directory and every process that it starts; both end with it."""

    def __init__(self, root, library, sanitized=None, minutes=1):
        self.root = root
        self.library = library.resolve() / "libgateway.so"
        self.sanitized = sanitized and sanitized.resolve() / "libgateway.so"
        self.minutes = minutes

    def __enter__(self):
        self.stack = contextlib.ExitStack()
        self.directory = Path(
            self.stack.enter_context(tempfile.TemporaryDirectory(prefix="gateway-bench-")))
        # httpd's children go through it as www-data.
        self.directory.chmod(0o755)
        # A copy, so that a build meanwhile does not change what is measured.
        shutil.copy(self.library, self.directory / "libgateway.so.0")
        (self.directory / "libgateway.so").symlink_to("libgateway.so.0")
        return self

    def __exit__(self, *error):
        self.stack.close()

    def place(self, name):
        """A directory in it that anybody may write to."""
        made = self.directory / name
        made.mkdir()
        made.chmod(0o777)
        return made

    def make_module(self):
        subprocess.run(["make", "-s", "-C", self.root / "module", "LIBRARY=prebuilt"], check=True,
                       stdout=sys.stderr)

    def program(self, name):
        """The path of a program or of a library to be loaded before others, built once."""
        path = self.directory / name
        if path.exists():
            return path
        sources = self.root / "Tests" / "bench" / "programs"
        command = ["cc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-o", path,
                   sources / f"{name}.c", "-I", self.root / "include"]
        if name in PRELOADED:
            command += ["-shared", "-fPIC", "-ldl"]
        elif name in MODULES:
            command += ["-shared", "-fPIC", f"-I{said('apxs', '-q', 'INCLUDEDIR')}",
                        *said("apr-1-config", "--includes", "--cppflags").split()]
        elif name in APPLICATIONS:
            command += [sources / "application.c", "-pthread"]
        else:
            if name in EVENT_HOSTS:
                command += [sources / "event_loop.c"]
            command += ["-L", self.directory, f"-Wl,-rpath,{self.directory}",
                        "-Wl,--as-needed", "-lgateway", "-pthread", "-ldl"]
        subprocess.run(command, check=True)
        return path

    @contextlib.contextmanager
    def application(self, name, transport, *arguments):
        """Runs an application on the second core; gives its process and its address."""
        address = {"unix": f"unix:{self.directory}/{name}.socket", "tcp": "tcp:127.0.0.1:0"}
        process = subprocess.Popen(
            [self.program(name), address[transport], *map(str, arguments)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {APPLICATION_CORE}))
        try:
            yield process, process.stdout.readline().split()[1]
        finally:
            process.kill()
            process.communicate()

    def host(self, name, *arguments, preload=(), wrapper=(), seconds=MAX_SECONDS, **environment):
        """Runs a host on the first core to its end; gives the numbers it printed."""
        if preload:
            environment["LD_PRELOAD"] = ":".join(str(self.program(each)) for each in preload)
        command = [*wrapper, self.program(name), *map(str, arguments)]
        try:
            ended = subprocess.run(
                command, text=True, check=True, timeout=seconds, stdout=subprocess.PIPE,
                env={**os.environ, **environment},
                preexec_fn=lambda: os.sched_setaffinity(0, {HOST_CORE}))
        except subprocess.CalledProcessError as error:
            raise MeasurementFailed(f"{name} ended with status {error.returncode}") from error
        except subprocess.TimeoutExpired as error:
            raise MeasurementFailed(f"{name} did not end in {seconds} s") from error
        return numbers(ended.stdout)

    def layer_cost(self, request, answer, count):
        """Nanoseconds of each part of the FastCGI layer for an exchange."""
        program = self.library.with_name("fastcgi-cost")
        ended = subprocess.run(
            [program, request, answer, str(count)], text=True, check=True, timeout=MAX_SECONDS,
            stdout=subprocess.PIPE,
            preexec_fn=lambda: os.sched_setaffinity(0, {HOST_CORE}))
        return numbers(ended.stdout)

    def recorded_exchange(self, address):
        """Files with the bytes of one small request as the library sends it, and of its answer."""
        request_file, answer_file = self.directory / "request", self.directory / "answer"
        if request_file.exists():
            return request_file, answer_file
        with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as onward:
            path = str(self.directory / "recorder.socket")
            listener.bind(path)
            listener.listen()
            with subprocess.Popen(
                    [self.program("small_requests"), "unix:" + path, "GET", "1", "ignore"],
                    stdout=subprocess.DEVNULL):
                connection, _ = listener.accept()
                with connection:
                    request = receive_until(connection, EMPTY_STDIN)
                    onward.connect(address.removeprefix("unix:"))
                    onward.sendall(request)
                    answer = onward.recv(65536)
                    connection.sendall(answer)
        request_file.write_bytes(request)
        answer_file.write_bytes(answer)
        return request_file, answer_file


def receive_until(connection, end):
    received = b""
    while not received.endswith(end):
        piece = connection.recv(65536)
        if not piece:
            raise MeasurementFailed("the connection ended within a request")
        received += piece
    return received


def said(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def numbers(text):
    """The lines "name number" of a program's output."""
    return {name: number(value) for name, value in map(str.split, text.splitlines())}


def number(text):
    return float(text) if "." in text else int(text)
