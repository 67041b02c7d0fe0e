# SPDX-License-Identifier: Apache-2.0
"""Real FastCGI applications, started on a socket of their own and stopped again.

    with applications.start("php-fpm", "unix") as running:
        ... running.address, running.script ...

From the command line: applications.py list, applications.py packages,
applications.py run NAME unix|tcp (prints the address, and waits until it is interrupted).
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILT = ROOT / ".test-output" / "applications"
TRANSPORTS = ("unix", "tcp")

# So many requests at once are answered at once, on connections that are kept as well.
CONCURRENCY = 64


@dataclass(frozen=True)
class Application:
    """What one application needs and does. The command gets a Place and answers an argv."""

    name: str
    command: Callable
    debian: tuple
    python: tuple = ()
    # SCRIPT_FILENAME has to name this file; the others do not look at it.
    script: Path = HERE / "php" / "contract.php"
    # It honours FCGI_KEEP_CONN; otherwise it closes after each answer.
    keeps_connections: bool = True
    # It takes several requests on one connection at once.
    multiplexes: bool = False
    # What is written to standard error reaches the gateway as STDERR records.
    sends_stderr: bool = True
    # It answers 502 itself where a script leaves more than 65,536 bytes of body unread.
    refuses_unread: bool = False
    # It binds its address itself, instead of taking a listening socket at descriptor 0.
    binds: bool = False


@dataclass(frozen=True)
class Place:
    """Where an application is started: its own directory, and its address in two notations."""

    directory: Path
    transport: str
    path: str
    port: int
    concurrency: int

    @property
    def address(self):
        """As gateway_backend_open takes it."""
        return "unix:" + self.path if self.transport == "unix" else "tcp:127.0.0.1:%d" % self.port

    @property
    def bare(self):
        """As most other programs take it."""
        return self.path if self.transport == "unix" else "127.0.0.1:%d" % self.port


def php_fpm(place):
    configuration = place.directory / "php-fpm.conf"
    lines = [
        "[global]",
        "error_log = %s" % (place.directory / "php-fpm.log"),
        "daemonize = no",
        "[contract]",
        "listen = " + place.bare,
        "listen.mode = 0666",
        "listen.backlog = 1024",
        "pm = static",
        "pm.max_children = %d" % place.concurrency,
        # Otherwise PHP reads every body before the script runs.
        "php_admin_flag[enable_post_data_reading] = off",
        "php_admin_value[post_max_size] = 0",
        "php_admin_flag[log_errors] = on",
    ]
    if os.geteuid() == 0:
        lines += ["user = root", "group = root"]
    configuration.write_text("\n".join(lines) + "\n")
    versioned = sorted(Path("/usr/sbin").glob("php-fpm[0-9]*"))
    program = str(versioned[-1]) if versioned else "php-fpm"
    root = ["--allow-to-run-as-root"] if os.geteuid() == 0 else []
    return [program, *root, "--no-php-ini", "--nodaemonize", "--fpm-config", str(configuration)]


def uwsgi(place):
    return [
        "uwsgi",
        "--plugin=python3",
        "--fastcgi-socket=" + place.bare,
        "--chmod-socket=666",
        "--wsgi-file=%s" % (HERE / "wsgi" / "contract.py"),
        "--need-app",
        "--master",
        "--no-orphans",
        "--die-on-term",
        "--processes=%d" % min(place.concurrency, 4),
        "--threads=%d" % max(place.concurrency // 4, 1),
        "--listen=1024",
        # The default of 4096 bytes for all params refuses usual requests.
        "--buffer-size=65535",
    ]


def wsgi(*script_and_arguments):
    script, *arguments = script_and_arguments
    python = ROOT / ".venv" / "bin" / "python"
    path = str(HERE / "wsgi" / script)
    return lambda place: [str(python), path, *arguments, str(place.concurrency)]


def perl(script):
    return lambda place: [str(HERE / "perl" / script), str(place.concurrency)]


def ruby(place):
    return [str(HERE / "ruby" / "serve_fcgi.rb"), str(place.concurrency)]


def fcgiwrap(place):
    return ["fcgiwrap", "-f", "-c", str(place.concurrency)]


def libfcgi(place):
    compiler = ["cc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror"]
    program = built("contract-c", HERE / "c" / "contract.c", compiler, ["-lfcgi", "-lcrypto"])
    return [program, str(place.concurrency)]


def go(place):
    return [built("contract-go", HERE / "go" / "contract.go", ["go", "build"], [])]


def built(name, source, compiler, libraries):
    """A program made from one source file, made again when that has changed."""
    program = BUILT / name
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        BUILT.mkdir(parents=True, exist_ok=True)
        made = program.with_suffix(".%d" % os.getpid())
        environment = dict(os.environ, GO111MODULE="off")
        command = [*compiler, "-o", str(made), str(source), *libraries]
        subprocess.run(command, check=True, env=environment)
        made.rename(program)
    return str(program)


_LIST = [
    Application("php-fpm", php_fpm, ("php-fpm",), binds=True),
    Application(
        "uwsgi",
        uwsgi,
        ("uwsgi-core", "uwsgi-plugin-python3"),
        keeps_connections=False,
        sends_stderr=False,
        binds=True,
    ),
    Application("flup", wsgi("serve_flup.py", "off"), ("python3-venv",), ("flup",)),
    Application(
        "flup-multiplexed",
        wsgi("serve_flup.py", "on"),
        ("python3-venv",),
        ("flup",),
        multiplexes=True,
    ),
    Application("flipflop", wsgi("serve_flipflop.py"), ("python3-venv",), ("flipflop",)),
    Application("perl-fcgi", perl("serve_fcgi.pl"), ("libfcgi-perl",)),
    Application(
        "perl-procmanager",
        perl("serve_procmanager.pl"),
        ("libfcgi-perl", "libfcgi-procmanager-perl"),
    ),
    Application(
        "fcgiwrap",
        fcgiwrap,
        ("fcgiwrap", "perl"),
        script=HERE / "perl" / "contract.cgi",
        refuses_unread=True,
    ),
    Application("libfcgi", libfcgi, ("gcc", "libc6-dev", "libfcgi-dev", "libssl-dev")),
    Application("ruby-fcgi", ruby, ("ruby", "ruby-fcgi"), keeps_connections=False),
    Application("go", go, ("golang-go",), multiplexes=True, sends_stderr=False),
]
APPLICATIONS = {application.name: application for application in _LIST}
NAMES = tuple(APPLICATIONS)


@dataclass
class Running:
    """An application that runs. Leaving its context, or stop(), ends all its processes."""

    application: Application
    place: Place
    process: subprocess.Popen

    @property
    def name(self):
        return self.application.name

    @property
    def transport(self):
        return self.place.transport

    @property
    def address(self):
        return self.place.address

    @property
    def path(self):
        return self.place.path

    @property
    def port(self):
        return self.place.port

    @property
    def pid(self):
        return self.process.pid

    @property
    def script(self):
        return str(self.application.script)

    def log(self):
        """What the application wrote beside its answers."""
        files = sorted(self.place.directory.glob("*.log"))
        return "".join(file.read_text(errors="replace") for file in files)

    def stop(self):
        """Ends the process group: politely, and soon by force."""
        for kind, seconds in ((signal.SIGTERM, 0.3), (signal.SIGKILL, 5)):
            try:
                os.killpg(self.process.pid, kind)
            except ProcessLookupError:
                break
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline and _group_lives(self.process):
                time.sleep(0.01)
        self.process.wait()
        shutil.rmtree(self.place.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def start(name, transport, concurrency=CONCURRENCY):
    """Starts an application, and returns when it has answered a first request.

    As many requests as concurrency says are answered at once, or more where threads are cheap.
    """
    application = APPLICATIONS[name]
    directory = Path(tempfile.mkdtemp(prefix="application-"))
    directory.chmod(0o755)
    path = str(directory / "socket")
    listening = _listen(transport, path)
    port = listening.getsockname()[1] if transport == "tcp" else 0
    place = Place(directory, transport, path, port, concurrency)
    if application.binds:
        listening.close()
        Path(path).unlink(missing_ok=True)
    command = application.command(place)
    with open(directory / "output.log", "wb") as output:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", *command],
            stdin=subprocess.DEVNULL if application.binds else listening,
            stdout=output,
            stderr=output,
            cwd=directory,
            start_new_session=True,
        )
    listening.close()
    running = Running(application, place, process)
    try:
        _wait_for_answer(running)
    except BaseException:
        running.stop()
        raise
    return running


def _listen(transport, path):
    if transport == "unix":
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listening.bind(path)
        os.chmod(path, 0o666)
    else:
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", 0))
    listening.listen(1024)
    return listening


def _wait_for_answer(running):
    import client

    deadline = time.monotonic() + 30
    while True:
        try:
            answer = client.get(running, "case=id&token=ready")
            if answer.body == b"ready\n":
                return
            problem = "answered %r" % (answer,)
        except OSError as error:
            problem = str(error)
        if running.process.poll() is not None or time.monotonic() > deadline:
            message = "%s does not start: %s\n%s"
            raise RuntimeError(message % (running.name, problem, running.log()))
        time.sleep(0.02)


def _group_lives(process):
    process.poll()
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    return True


def main(arguments):
    if arguments == ["list"]:
        print("\n".join(NAMES))
    elif arguments == ["packages"]:
        print(" ".join(sorted({one for a in _LIST for one in a.debian})))
    elif len(arguments) == 3 and arguments[0] == "run":
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        with start(arguments[1], arguments[2]) as running:
            print(running.address, flush=True)
            try:
                signal.pause()
            except KeyboardInterrupt:
                pass
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
