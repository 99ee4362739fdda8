"""Measures how late the load generator itself is: a late one measures itself. Must not know what is sent."""

import asyncio
import time

from loadtest.measured.hdr import Book

BEAT_S = 0.02
LAG, CPU = "self lag", "self cpu"


async def watch(book: Book) -> None:
    """Until cancelled: how late the loop wakes up, and what share of a core this process takes."""
    due = time.monotonic()
    cpu = time.process_time()
    while True:
        due += BEAT_S
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        book.late(LAG, due)
        now = time.process_time()
        book.count(CPU, due, now - cpu)
        cpu = now
