# SPDX-License-Identifier: Apache-2.0
"""What httpd says of a configuration that it refuses."""

import subprocess

from httpd import OURS, load_modules

LINES = "ServerName localhost\n%sLoadModule gateway_module %s\n%s\n"


def complaint_about(directory, line):
    configuration = directory / "httpd.conf"
    loads = load_modules("mpm_event", "authz_core", "proxy")
    configuration.write_text(LINES % (loads, OURS, line))
    checked = subprocess.run(
        ["/usr/sbin/apache2", "-t", "-f", configuration],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert checked.returncode != 0
    return checked.stdout
