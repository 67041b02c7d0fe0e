# SPDX-License-Identifier: Apache-2.0
"""An application that is too busy to take another connection."""

import socket


class FullBacklog:
    """A Unix socket that nobody accepts from, and with no room for another connection."""

    def __init__(self, path):
        self.address = "unix:%s" % path
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        path.chmod(0o666)
        self.listener.listen(0)
        self.waiting = socket.socket(socket.AF_UNIX)
        self.waiting.connect(str(path))

    def close(self):
        """Ends the wait of those who want in."""
        self.listener.close()
        self.waiting.close()
