# SPDX-License-Identifier: Apache-2.0
"""Tests/httpd/client.py under a name of its own: Tests/applications has a module client as well."""

import importlib.util
from pathlib import Path

_PATH = Path(__file__).resolve().parent.parent / "httpd" / "client.py"
_SPEC = importlib.util.spec_from_file_location("http_client_of_httpd", _PATH)
_MODULE = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_MODULE)

Client, Response = _MODULE.Client, _MODULE.Response
get, post = _MODULE.get, _MODULE.post
