# SPDX-License-Identifier: Apache-2.0
"""The contract under flipflop, on the listening socket at descriptor 0."""

import sys

from contract import application
from flipflop import ThreadPool, WSGIServer

concurrency = int(sys.argv[1])
server = WSGIServer(application)

# As for flup, a burst of connections needs as many idle threads; flipflop has no option for it.
server._thread_pool.shutdown()
server._thread_pool = ThreadPool(min_spare=concurrency, max_spare=2 * concurrency)
server.run()
