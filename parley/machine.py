"""What this process may use of the machine."""

import os


def cores() -> int:
    """Those that it may run on: a container or taskset may leave it fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
