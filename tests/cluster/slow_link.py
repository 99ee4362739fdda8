"""A long way between two hosts: frames go from one TAP device to the other late, and some not at all.

`python -m tests.cluster.slow_link ONE OTHER DELAY_S LOSS` makes both devices and relays until it is ended. For kernels
without netem; who may make devices may run it.
"""

import fcntl
import heapq
import os
import random
import select
import struct
import sys
import time
from itertools import count

TUNSETIFF, TAP, NO_HEADER = 0x400454CA, 0x0002, 0x1000
FRAME, QUEUE = 65_536, 4_000  # bytes; frames that are on their way: one more is lost, as on a real line


def tap(name: str) -> int:
    """A network device whose frames are read and written here."""
    file = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(file, TUNSETIFF, struct.pack("16sH22x", name.encode(), TAP | NO_HEADER))
    return file


def relay(one: int, other: int, delay_s: float, loss: float) -> None:
    """Both ways, for ever."""
    far, chance, numbers = {one: other, other: one}, random.Random(7), count()
    late: list[tuple[float, int, int, bytes]] = []  # when due, its number, where to, the frame
    while True:
        wait_s = max(0.0, late[0][0] - time.monotonic()) if late else None
        for file in select.select((one, other), (), (), wait_s)[0]:
            frame = os.read(file, FRAME)
            if chance.random() >= loss and len(late) < QUEUE:
                heapq.heappush(late, (time.monotonic() + delay_s, next(numbers), far[file], frame))
        while late and late[0][0] <= time.monotonic():
            _, _, to, frame = heapq.heappop(late)
            _send(to, frame)


def _send(to: int, frame: bytes) -> None:
    try:
        os.write(to, frame)
    except OSError:
        return  # the device is down: a frame is lost


if __name__ == "__main__":
    devices = tap(sys.argv[1]), tap(sys.argv[2])
    print("ready", flush=True)
    relay(*devices, float(sys.argv[3]), float(sys.argv[4]))
