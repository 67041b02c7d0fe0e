# SPDX-License-Identifier: Apache-2.0
"""What is under test as it was built and is run: for release, for a sanitizer, under valgrind."""

import os
from pathlib import Path

from processes import ROOT

RELEASE = Path(os.environ.get("GATEWAY_BUILT", ROOT / ".build" / "release"))
HOSTS = Path(os.environ.get("GATEWAY_HOSTS", ROOT / ".test-output" / "hosts"))
# Before the command of a host.
WRAPPER = os.environ.get("GATEWAY_WRAPPER", "").split()
COMPILER = os.environ.get("GATEWAY_COMPILER", "cc").split()
