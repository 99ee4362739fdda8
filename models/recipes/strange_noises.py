"""Noises that no model is trained on: they exist to be judged on. Must not be listened to while tuning.

`BLIND` holds those that came after the last change to `noises`: nothing there was made with them in view.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from models.recipes.noises import Noise, band, convolve, pink, shaped, single, ticks, wander, white
from models.recipes.sound import RATE_HZ, Audio, Random


def violet(rng: Random, samples: int) -> Audio:
    """Six decibels more per octave."""
    return single(shaped(rng, samples, 6))


def siren(rng: Random, samples: int) -> Audio:
    """A tone with harmonics that sweeps up and down."""
    sweep = np.sin(2 * np.pi * rng.uniform(0.2, 3) * np.arange(samples) / RATE_HZ)
    pitch_hz = rng.uniform(600, 1100) * 2 ** (rng.uniform(0.3, 0.8) * sweep)
    turn = 2 * np.pi * np.cumsum(pitch_hz) / RATE_HZ
    return single(np.sin(turn) + 0.4 * np.sin(2 * turn) + 0.2 * np.sin(3 * turn) + 0.01 * pink(rng, samples))


def ratchet(rng: Random, samples: int) -> Audio:
    """A machine's regular strokes."""
    strokes = np.zeros(samples)
    strokes[:: int(RATE_HZ / rng.uniform(8, 30))] = 1
    burst = rng.standard_normal(400) * np.exp(-np.arange(400) / rng.uniform(20, 90))
    return single(band(convolve(strokes, burst), 300, 6000) + 0.02 * white(rng, samples))


def drips(rng: Random, samples: int) -> Audio:
    """Bubbles in water: short rising chirps."""
    out = 1e-3 * rng.standard_normal(samples)
    at = np.arange(1600) / RATE_HZ
    for start in rng.integers(0, samples - 1600, int(samples / RATE_HZ * rng.uniform(5, 25)) + 1):
        turn = 2 * np.pi * rng.uniform(400, 2500) * (at + rng.uniform(1, 8) * at**2)
        out[start : start + 1600] += rng.uniform(0.1, 1) * np.sin(turn) * np.exp(-at * rng.uniform(40, 150))
    return single(out)


def mutter(rng: Random, samples: int) -> Audio:
    """Speech-shaped noise in three bands, each with a syllable rhythm of its own."""
    edges = [(120, 800), (800, 2400), (2400, 6000)]
    parts = [
        band(shaped(rng, samples, -6), low, high) * np.exp(1.2 * wander(rng, samples, rng.uniform(0.08, 0.2)))
        for low, high in edges
    ]
    return single(np.sum(parts, axis=0) + 1e-3 * rng.standard_normal(samples))


def wind(rng: Random, samples: int) -> Audio:
    """A whistling gust: a narrow band whose centre wanders."""
    pitch_hz = 500 * 2 ** np.clip(wander(rng, samples, 0.7), -2, 2)
    turn = 2 * np.pi * np.cumsum(pitch_hz) / RATE_HZ
    slow = gaussian_filter1d(rng.standard_normal((2, samples)), 120, axis=1)
    whistle = (slow[0] * np.cos(turn) + slow[1] * np.sin(turn)) / np.std(slow)
    low = shaped(rng, samples, -9)
    gust = np.exp(0.7 * wander(rng, samples, 0.6))
    return single((0.6 * whistle + low / np.std(low)) * gust)


def motor(rng: Random, samples: int) -> Audio:
    """An engine idling: cylinders firing not quite evenly into an exhaust that resonates."""
    firings = np.zeros(samples)
    gaps = RATE_HZ / rng.uniform(18, 60) * np.exp(rng.normal(0, rng.uniform(0.01, 0.08), samples // 200))
    at = np.cumsum(gaps).astype(int)
    at = at[at < samples]
    firings[at] = np.exp(rng.normal(0, 0.2, len(at))) * np.resize(rng.uniform(0.6, 1.2, 4), len(at))
    tail = np.arange(1600) / RATE_HZ
    pipes_hz, decays = rng.uniform(60, 900, 5), rng.uniform(25, 120, 5)
    exhaust = np.sum(np.exp(-np.outer(decays, tail)) * np.sin(2 * np.pi * np.outer(pipes_hz, tail)), axis=0)
    return single(convolve(firings, exhaust) + rng.uniform(0.02, 0.2) * shaped(rng, samples, -4))


def applause(rng: Random, samples: int) -> Audio:
    """Many pairs of hands, each at a pace and with a sound of its own."""
    out = 1e-3 * rng.standard_normal(samples)
    for _ in range(rng.integers(6, 40)):
        step = RATE_HZ / rng.uniform(2.5, 5)
        at = (rng.uniform(0, step) + step * np.arange(int(samples / step))).astype(int)
        at = np.clip(at + (0.08 * step * rng.standard_normal(len(at))).astype(int), 0, samples - 1)
        claps = np.zeros(samples)
        claps[at] = rng.uniform(0.3, 1)
        hands = rng.standard_normal(480) * np.exp(-np.arange(480) / rng.uniform(15, 60))
        centre_hz = rng.uniform(700, 2500)
        out += band(convolve(claps, hands), 0.6 * centre_hz, 1.7 * centre_hz)
    return single(out)


def crumple(rng: Random, samples: int) -> Audio:
    """Paper and foil: crackles that crowd together and thin out."""
    crowd = np.exp(1.5 * wander(rng, samples, rng.uniform(0.1, 0.5)))
    crackles = ticks(rng, samples, 10 ** rng.uniform(2, 3), 10) * crowd
    sheet = rng.standard_normal(240) * np.exp(-np.arange(240) / rng.uniform(5, 40))
    return single(band(convolve(crackles, sheet), 900, 7800) + 1e-3 * pink(rng, samples))


BLIND: dict[str, Noise] = {f.__name__: f for f in (motor, applause, crumple)}
STRANGE: dict[str, Noise] = {f.__name__: f for f in (violet, siren, ratchet, drips, mutter, wind)} | BLIND
