# SPDX-License-Identifier: Apache-2.0
"""Tests/run all asks for the longer form of what takes its time."""

import os

IS_LONG = bool(os.environ.get("LONG_FORM"))
