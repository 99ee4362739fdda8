"""Noises the recipes train on: each is a function (rng, samples) -> audio of any level.

Those that models are judged on are in `strange_noises` and share no generator with these.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, gaussian_filter1d
from scipy.signal import butter, sosfilt

from models.recipes.sound import RATE_HZ, Audio, Random

Signal = NDArray[np.float64]
Noise = Callable[[Random, int], Audio]


def shaped(rng: Random, samples: int, slope_db: float, bumps_db: float = 0.0) -> Signal:
    """Gaussian noise with `slope_db` per octave and a random smooth colour on top."""
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    octaves = np.log2(np.maximum(np.fft.rfftfreq(samples, 1 / RATE_HZ), 20) / 1000)
    knots = rng.standard_normal(12) * bumps_db
    gain_db = slope_db * octaves + np.interp(octaves, np.linspace(-5.6, 3, 12), knots)
    return np.asarray(np.fft.irfft(spectrum * 10 ** (gain_db / 20), samples))


def wander(rng: Random, samples: int, period_s: float) -> Signal:
    """A slow random curve of unit variance."""
    points = rng.standard_normal(max(4, int(samples / RATE_HZ / period_s) + 3))
    return np.interp(np.linspace(0, len(points) - 1, samples), np.arange(len(points)), points)


def ticks(rng: Random, samples: int, per_s: float, spread_db: float = 6.0) -> Signal:
    """Impulses at random times, of random strength."""
    out = np.zeros(samples)
    count = rng.poisson(per_s * samples / RATE_HZ) + 1
    at = rng.integers(0, samples, count)
    out[at] = rng.choice([-1, 1], count) * 10 ** (rng.normal(0, spread_db, count) / 20)
    return out


def struck(rng: Random, hits: Signal, low_hz: float, high_hz: float, ring_s: float, modes: int) -> Signal:
    """The hits heard on a thing that rings with a few damped modes and some noise."""
    at = np.arange(int(6 * ring_s * RATE_HZ)) / RATE_HZ
    body = rng.uniform(0.2, 1.5) * rng.standard_normal(len(at)) * np.exp(-at / (0.4 * ring_s))
    for pitch_hz in rng.uniform(low_hz, high_hz, modes):
        body += np.sin(2 * np.pi * pitch_hz * at + rng.uniform(0, 6)) * np.exp(-at / (ring_s * rng.uniform(0.5, 1.5)))
    return convolve(hits, body)


def convolve(audio: Signal, response: Signal) -> Signal:
    """Linear convolution by transform, cut to the length of the audio."""
    size = len(audio) + len(response)
    return np.asarray(np.fft.irfft(np.fft.rfft(audio, size) * np.fft.rfft(response, size), size)[: len(audio)])


def band(audio: Signal, low_hz: float, high_hz: float) -> Signal:
    """What lies between two frequencies."""
    return np.asarray(sosfilt(butter(2, [low_hz, high_hz], btype="bandpass", fs=RATE_HZ, output="sos"), audio))


def single(signal: object) -> Audio:
    """As the 32-bit audio that everything else handles."""
    return np.asarray(signal, np.float32)


def white(rng: Random, samples: int) -> Audio:
    """Equal power at every frequency."""
    return single(rng.standard_normal(samples))


def pink(rng: Random, samples: int) -> Audio:
    """Three decibels less per octave."""
    return single(shaped(rng, samples, -3))


def brown(rng: Random, samples: int) -> Audio:
    """Six decibels less per octave."""
    return single(shaped(rng, samples, -6))


def coloured(rng: Random, samples: int) -> Audio:
    """Any stationary background, breathing slowly now and then."""
    noise = shaped(rng, samples, rng.uniform(-9, 2), rng.uniform(2, 9))
    depth = rng.choice([0.0, 0.15, 0.5])
    return single(noise * np.exp(depth * wander(rng, samples, rng.uniform(0.1, 1.5))))


def hum(rng: Random, samples: int) -> Audio:
    """The mains and its harmonics."""
    at = np.arange(samples) / RATE_HZ
    base_hz = rng.choice([50.0, 60.0, 100.0, 120.0]) * rng.uniform(0.99, 1.01)
    tilt = rng.uniform(0.5, 2)
    orders = np.arange(1, int(rng.uniform(4, 40)))
    parts = [rng.uniform(0.2, 1) * o**-tilt * np.sin(2 * np.pi * base_hz * o * at + rng.uniform(0, 6)) for o in orders]
    return single(np.sum(parts, axis=0) + 0.03 * shaped(rng, samples, -3))


def fan(rng: Random, samples: int) -> Audio:
    """Rushing air, the blades' tone and its harmonics, a slight beat."""
    at = np.arange(samples) / RATE_HZ
    blade_hz = rng.uniform(40, 400)
    turn = 2 * np.pi * blade_hz * (at + 0.0005 * wander(rng, samples, 0.5))
    tone = np.sum([np.sin(o * turn + rng.uniform(0, 6)) / o for o in range(1, rng.integers(3, 9))], axis=0)
    air = shaped(rng, samples, rng.uniform(-6, -2), 3) * (1 + rng.uniform(0, 0.4) * np.sin(turn / 5))
    return single(air / np.std(air) + rng.uniform(0, 0.6) * tone)


def keyboard(rng: Random, samples: int) -> Audio:
    """Keys going down and, more softly, up."""
    down = ticks(rng, samples, rng.uniform(3, 9), 4)
    up = 0.5 * np.roll(down, int(rng.uniform(0.05, 0.12) * RATE_HZ))
    keys = struck(rng, down + up, 800, 6500, rng.uniform(0.002, 0.012), 4)
    thump = struck(rng, down, 90, 350, 0.015, 2)
    return single(keys + rng.uniform(0, 0.5) * thump + 0.003 * rng.standard_normal(samples))


def clicks(rng: Random, samples: int) -> Audio:
    """Sharp, band-limited impulses."""
    sharp = ticks(rng, samples, rng.uniform(1, 40), 8)
    return single(band(sharp, rng.uniform(50, 1500), rng.uniform(2500, 7500)) + 1e-4 * white(rng, samples))


def knocks(rng: Random, samples: int) -> Audio:
    """Dishes, doors, things put down."""
    hits = ticks(rng, samples, rng.uniform(0.7, 4), 6)
    ringing = struck(rng, hits, 80, rng.uniform(800, 5000), rng.uniform(0.01, 0.15), 6)
    return single(ringing + 1e-3 * pink(rng, samples))


def music(rng: Random, samples: int) -> Audio:
    """Notes of several harmonics over a few voices, struck or held."""
    out = np.zeros(samples)
    for _ in range(int(samples / RATE_HZ * rng.uniform(3, 12)) + 1):
        length = min(samples, int(rng.uniform(0.15, 1.5) * RATE_HZ))
        start = rng.integers(0, samples - length + 1)
        at = np.arange(length) / RATE_HZ
        pitch_hz = 55 * 2 ** (rng.integers(0, 48) / 12)
        orders = np.arange(1, min(12, int(7800 / pitch_hz) + 1) + 1)
        shape = np.exp(-at * rng.uniform(0.5, 8)) * np.minimum(1, at / 0.01) * np.minimum(1, at[::-1] / 0.03)
        note = np.sum([o ** -rng.uniform(0.7, 2) * np.sin(2 * np.pi * o * pitch_hz * at) for o in orders], axis=0)
        out[start : start + length] += note * shape * rng.uniform(0.3, 1)
    return single(out + 1e-3 * rng.standard_normal(samples))


def rain(rng: Random, samples: int) -> Audio:
    """Thousands of small drops over a wash."""
    drops = ticks(rng, samples, 10 ** rng.uniform(2, 3.5), 8)
    return single(struck(rng, drops, 1000, 7000, 0.002, 3) + 0.1 * shaped(rng, samples, -2, 3))


def beeps(rng: Random, samples: int) -> Audio:
    """Appliances: chords switched on and off."""
    at = np.arange(samples) / RATE_HZ
    gate = np.sin(2 * np.pi * rng.uniform(0.4, 4) * at + rng.uniform(0, 6)) > rng.uniform(-0.5, 0.7)
    smooth = gaussian_filter1d(gate.astype(float), rng.uniform(20, 200))
    tones = sum(np.sin(2 * np.pi * hz * at) for hz in rng.uniform(300, 3500, rng.integers(1, 4)))
    return single(smooth * tones + 1e-3 * rng.standard_normal(samples))


def rumble(rng: Random, samples: int) -> Audio:
    """Traffic and vehicles: low, swelling."""
    low = shaped(rng, samples, rng.uniform(-10, -5), 4) * np.exp(0.5 * wander(rng, samples, rng.uniform(0.3, 2)))
    return single(low / np.std(low) + rng.uniform(0, 0.2) * shaped(rng, samples, -3))


def texture(rng: Random, samples: int) -> Audio:
    """Noise under a random landscape of loudness over time and frequency."""
    hops = samples // 256 + 1
    smooth = (rng.uniform(1, 25), rng.uniform(4, 60))
    landscape = gaussian_filter(rng.standard_normal((hops, 257)), smooth, mode="wrap")
    slope_db = rng.uniform(-6, 1) * np.log2(np.maximum(np.arange(257), 2) / 32)
    gain = 10 ** ((rng.uniform(4, 14) * landscape / np.std(landscape) + slope_db) / 20)
    window = np.sqrt(np.hanning(513)[:-1])
    frames = np.fft.irfft(gain * np.fft.rfft(rng.standard_normal((hops, 512)))) * window
    out = np.zeros((hops + 1, 256))
    out[:-1] += frames[:, :256]
    out[1:] += frames[:, 256:]
    return single(out.reshape(-1)[:samples])


def glide(rng: Random, samples: int) -> Audio:
    """Whines and squeals: stacks of harmonics on a pitch that wanders."""
    out = 10 ** rng.uniform(-3, -0.7) * shaped(rng, samples, rng.uniform(-6, 0))
    for _ in range(rng.integers(1, 4)):
        octaves = rng.uniform(0.01, 1) * np.clip(wander(rng, samples, 10 ** rng.uniform(-1, 0.5)), -2, 2)
        pitch_hz = 10 ** rng.uniform(2.2, 3.3) * 2**octaves
        turn = 2 * np.pi * np.cumsum(pitch_hz) / RATE_HZ
        top, tilt = rng.integers(1, 8), rng.uniform(0.3, 2)
        stack = sum(o**-tilt * np.sin(o * turn + rng.uniform(0, 6)) * (o * pitch_hz < 7900) for o in range(1, top + 1))
        out += stack * np.exp(rng.uniform(0, 1) * wander(rng, samples, rng.uniform(0.05, 1)))
    return single(out)


def bursts(rng: Random, samples: int) -> Audio:
    """Short events of every sort, hissing or ringing, at random times."""
    out = 10 ** rng.uniform(-3.5, -1.5) * shaped(rng, samples, -3)
    length_s = 10 ** rng.uniform(-2, -0.5)
    for _ in range(int(samples / RATE_HZ * 10 ** rng.uniform(0, 1.2)) + 1):
        length = int(length_s * rng.uniform(0.5, 2) * RATE_HZ)
        start = rng.integers(0, samples - length)
        at = np.linspace(0, 1, length)
        tone = np.sin(
            2 * np.pi * (at + rng.uniform(-0.6, 0.6) * at**2) * length / RATE_HZ * 10 ** rng.uniform(2.2, 3.7)
        )
        mixed = rng.uniform() ** 2 * tone + rng.uniform() ** 2 * shaped(rng, length, rng.uniform(-6, 3), 4)
        out[start : start + length] += (
            mixed * np.exp(-at * rng.uniform(0, 8)) * np.minimum(1, at * 10 ** rng.uniform(0.5, 3))
        )
    return single(out)


TRAINED: dict[str, Noise] = {
    f.__name__: f
    for f in (
        white,
        pink,
        brown,
        coloured,
        hum,
        fan,
        keyboard,
        clicks,
        knocks,
        music,
        rain,
        beeps,
        rumble,
        texture,
        glide,
        bursts,
    )
}
