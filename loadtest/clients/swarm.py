"""`python -m loadtest.clients.swarm ...`: Locust's own command, with asyncio left alone.

Locust patches the standard library for its greenlets, and asyncio cannot live with that. Here only `time.sleep` is
patched, which Locust's main loop needs; the load generators run on an asyncio loop of their own (see bridge).
"""

import os
import sys

from gevent import monkey

from loadtest.clients.bridge import UNPATCHED


def main() -> None:
    """Locust's command line."""
    from locust.main import main as locust

    sys.exit(locust())


if __name__ == "__main__":
    os.environ[UNPATCHED] = "1"
    monkey.patch_time()
    main()
