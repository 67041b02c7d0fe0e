# SPDX-License-Identifier: Apache-2.0
"""What is under test as it was built: for release, or for a sanitizer, whose compiler it takes."""

import os
from pathlib import Path

from processes import ROOT

RELEASE = Path(os.environ.get("GATEWAY_BUILT", ROOT / ".build" / "release"))
HOSTS = Path(os.environ.get("GATEWAY_HOSTS", ROOT / ".test-output" / "hosts"))
COMPILER = os.environ.get("GATEWAY_COMPILER", "cc").split()
