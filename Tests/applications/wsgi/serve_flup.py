# SPDX-License-Identifier: Apache-2.0
"""The contract under flup, on the listening socket at descriptor 0: multiplexed or not."""

import sys

from contract import application
from flup.server.fcgi import WSGIServer

multiplexed, concurrency = sys.argv[1] == "on", int(sys.argv[2])

# A connection holds a thread for as long as it is kept. flup starts threads only when it accepts
# and counts one as idle until it has taken its connection up, so a burst of connections larger than
# minSpare leaves some without a thread until others close.
WSGIServer(
    application,
    multiplexed=multiplexed,
    minSpare=concurrency,
    maxSpare=2 * concurrency,
    maxThreads=8 * concurrency,
).run()
