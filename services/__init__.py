"""One folder a stage; they know neither each other nor the gateway."""

import os

from parley.wire import polling

# Before numpy is there: its products are small here, and a second thread that joins in spins longer than it helps.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
polling.set_up()
