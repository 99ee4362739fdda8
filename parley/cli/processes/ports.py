"""Free ports, outside the range that the kernel takes for outgoing connections."""

import itertools
import os
import socket

# Below every system's range of outgoing ports. Each process walks from a place of its own; those that were started
# one after the other, as the workers of a test run are, begin so far apart that they do not meet.
_FIRST, _COUNT = 15_000, 15_000
_walk = itertools.count(os.getpid() * 1009)


def free_port() -> int:
    """A port that is free, and given to nobody else by this process."""
    return next(port for port in (_FIRST + step % _COUNT for step in _walk) if is_free(port))


def free_address() -> str:
    """The same on this machine's own interface."""
    return f"127.0.0.1:{free_port()}"


def is_free(port: int, host: str = "") -> bool:
    """Whether it can be listened on; without a host: on every interface."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True
