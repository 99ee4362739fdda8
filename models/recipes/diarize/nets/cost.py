"""What one window costs on one thread."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from models.recipes.diarize.nets.runner import session

ROUNDS = 600


def times_ms(path: Path, rounds: int = ROUNDS, batch: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Wall time and CPU time of each call."""
    net = session(path)
    audio = np.random.default_rng(1).standard_normal((batch, 24000), np.float32) * np.float32(0.1)
    wall, cpu = np.zeros(rounds), np.zeros(rounds)
    for i in range(-10, rounds):
        began, busy = time.perf_counter(), time.thread_time()
        net.run(None, {"audio": audio})
        wall[i], cpu[i] = time.perf_counter() - began, time.thread_time() - busy
    return 1000 * wall, 1000 * cpu


def cpu_ms(path: Path) -> float:
    """The median CPU time of one window."""
    return float(np.median(times_ms(path, 200)[1]))


def cost(path: Path) -> dict[str, float]:
    """Percentiles of one window; on a busy machine CPU time tells more than wall time."""
    wall, cpu = times_ms(path)
    _, many = times_ms(path, 60, 16)
    found = {f"{name}_p{p}_ms": np.percentile(t, p) for name, t in (("wall", wall), ("cpu", cpu)) for p in (50, 99)}
    found["cpu_batch_16_ms_a_window"] = np.median(many) / 16
    return {name: round(float(value), 3) for name, value in found.items()}
