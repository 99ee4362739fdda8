"""Where a training runs: one CPU core, or a graphics card with processes beside it that make its batches.

A batch is a function of its step, so whoever makes it, training meets the same batches in the same order.
Knows nothing of what is trained.
"""

from __future__ import annotations

import argparse
import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from queue import Full
from typing import Any, cast

import torch
from torch import Tensor, multiprocessing

AHEAD = 6  # batches that each maker may be ahead

Maker = Callable[[int], Any]


@dataclass(frozen=True)
class Machine:
    """A torch device, and how many processes make batches; with none the trainer makes them itself."""

    device: str = "cpu"
    workers: int = 0

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> Machine:
        """What the command line asked for."""
        return cls(arguments.device, arguments.workers)

    def clock(self) -> float:
        """Seconds that count as training: of this process where it computes, of the wall where a card does."""
        return time.process_time() if self.device == "cpu" else time.monotonic()

    def batches(self, make: Maker, first: int, run: int = 1) -> Iterator[Any]:
        """The batches from step `first` on, on the device; each maker makes `run` of them after another."""
        made = self._made(make, first, run) if self.workers else map(make, itertools.count(first))
        return (moved(batch, self.device) for batch in made)

    def _made(self, make: Maker, first: int, run: int) -> Iterator[Any]:
        # Shared memory by name: by descriptor, a few makers would use up what a process may open.
        multiprocessing.set_sharing_strategy("file_system")
        fork = multiprocessing.get_context("fork")
        queues = [fork.Queue(AHEAD) for _ in range(self.workers)]
        for number, queue in enumerate(queues):
            mine = (make, first, run, number, self.workers, queue)
            fork.Process(target=_make, args=mine, daemon=True).start()
        return (queues[step // run % self.workers].get() for step in itertools.count(first))


def _make(make: Maker, first: int, run: int, number: int, count: int, queue: Any) -> None:
    """One maker's life, which ends with the trainer's. It has a core, not a card."""
    torch.set_default_device("cpu")
    torch.set_num_threads(1)
    # Asked to leave, the trainer leaves in order; what it says about signals is not for its makers.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = os.getppid()
    for step in itertools.count(first):
        if step // run % count == number:
            _deliver(make(step), queue, parent)


def _deliver(batch: Any, queue: Any, parent: int) -> None:
    while True:
        try:
            queue.put(batch, timeout=5)
            return
        except Full:
            if os.getppid() != parent:
                raise SystemExit from None


def moved(batch: Any, device: str) -> Any:
    """The same batch, its tensors on the device."""
    if isinstance(batch, Tensor):
        return batch.to(device, non_blocking=True)
    if is_dataclass(batch) and not isinstance(batch, type):
        parts = {part.name: getattr(batch, part.name) for part in fields(batch)}
        return replace(cast(Any, batch), **{name: moved(part, device) for name, part in parts.items()})
    return tuple(moved(part, device) for part in batch) if isinstance(batch, tuple) else batch


def half(device: str) -> torch.dtype:
    """Half precision where the device multiplies in it; a core that does not would take twenty times as long."""
    able = device != "cpu" or any(
        torch.cpu.get_capabilities().get(kind) for kind in ("avx512_bf16", "amx_bf16", "bf16")
    )
    return torch.bfloat16 if able else torch.float32


def machine_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that every recipe has."""
    parser.add_argument("--device", default="cpu", help="cpu, or cuda: then --minutes are those of the clock")
    parser.add_argument("--workers", type=int, default=0, help="processes that make batches beside the training")
