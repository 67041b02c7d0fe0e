# SPDX-License-Identifier: Apache-2.0
"""module/serve as a user runs it, with the library that is there."""

import re
from pathlib import Path

from processes import ROOT, Process, answers, free_port


class Serve(Process):
    """address is where it serves, run the directory that goes with it."""

    def __init__(self, directory, *options):
        self.port = free_port()
        self.address = "http://127.0.0.1:%d/" % self.port
        command = ["module/serve", "--prebuilt", "--port", self.port, *options]
        super().__init__(command, directory / "serve.log", cwd=ROOT)
        self.wait_until(lambda: answers("tcp:127.0.0.1:%d" % self.port), "module/serve")
        self.wait_until(lambda: "logs in" in self.read_log(), "module/serve")
        self.run = Path(re.search(r"logs in (/[^)]+)\)", self.read_log()).group(1))
