# SPDX-License-Identifier: Apache-2.0
"""A load that wrk makes, and what of the processor a server takes for it.

wrk and the server have the application's core, all three: what it costs to wake another processor,
which to a virtual machine is more than a request, is not taken for the server's own work.
"""

import os
import re
import subprocess
from pathlib import Path

from .workshop import APPLICATION_CORE, MeasurementFailed

# What wrk does with each answer: the file has what is right.
COMPARE = """
local file = io.open("%s", "rb")
local right, wrong = file:read("*a"), 0
wrk.method, wrk.body = "%s", %s
function response(status, headers, body)
    if status ~= 200 or body ~= right then
        local at = 1
        while body:byte(at) == right:byte(at) and at <= #right do at = at + 1 end
        io.write(string.format("wrong answer: status %%d, %%d bytes for %%d, right up to %%d\\n",
                               status, #body, #right, at - 1))
        os.exit(1)
    end
end
"""


def prepare(directory, body, right):
    """The files that wrk is told what to send and to expect with; the script's path."""
    answer, request, script = (directory / name for name in ("right", "body", "compare.lua"))
    answer.write_bytes(right)
    request.write_bytes(body or b"")
    sent = f'io.open("{request}", "rb"):read("*a")' if body else "nil"
    script.write_text(COMPARE % (answer, "POST" if body else "GET", sent))
    return script


def cost(pids, port, target, script, connections=4):
    """Nanoseconds of these processes for each request, of as many as there are in a second."""
    url = f"http://127.0.0.1:{port}{target}"
    pin(pids)
    begin = processor_time(pids)
    ended = subprocess.run(["wrk", "-t1", f"-c{connections}", "-d1s", "-s", script, url],
                           stdout=subprocess.PIPE, text=True, timeout=60,
                           preexec_fn=lambda: pin([0]))
    count = re.search(r"([1-9]\d*) requests in", ended.stdout)
    if ended.returncode or "Socket errors" in ended.stdout or not count:
        raise MeasurementFailed(f"{target}: {ended.stdout}")
    return (processor_time(pids) - begin) / int(count[1])


def pin(pids):
    """0 is the caller."""
    for pid in pids:
        for task in Path(f"/proc/{pid or os.getpid()}/task").iterdir():
            os.sched_setaffinity(int(task.name), {APPLICATION_CORE})


def processor_time(pids):
    """User and system time, by the scheduler's count."""
    times = 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            times += int((task / "schedstat").read_text().split()[0])
    return times
