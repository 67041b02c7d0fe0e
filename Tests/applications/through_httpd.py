# SPDX-License-Identifier: Apache-2.0
"""A real application behind the module in a private httpd."""

import contextlib
import importlib.util
import sys
from pathlib import Path

import applications

sys.path.append(str(applications.ROOT / "Tests" / "httpd"))

from fixtures import short_directory  # noqa: E402
from httpd import HTTPD, ONE_PROCESS, proxy_pass  # noqa: E402

# Under a name of its own: the FastCGI client here is called client as well.
_PATH = Path(applications.ROOT, "Tests", "httpd", "client.py")
_SPEC = importlib.util.spec_from_file_location("http_client_of_httpd", _PATH)
_MODULE = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_MODULE)
Client, get = _MODULE.Client, _MODULE.get

PARAM = 'ProxyFCGISetEnvIf "true" %s "%s"\n'


@contextlib.contextmanager
def served(running, witness=None, parameters="", more=""):
    """The httpd, with one child, before an application."""
    lines = proxy_pass(running.address, parameters=parameters)
    lines += PARAM % ("SCRIPT_FILENAME", running.script)
    if witness is not None:
        lines += PARAM % ("WITNESS", witness)
    with short_directory() as directory:
        httpd = HTTPD(directory, "event", lines + more, sizes=ONE_PROCESS)
        try:
            yield httpd
        finally:
            httpd.stop()
