"""Sounds for tests, and scissors."""

from collections.abc import Iterable
from itertools import pairwise
from typing import TypeVar

import numpy as np

from parley.audio.pcm import RATE_HZ, Samples, encode
from parley.v1.audio_pb2 import AudioEncoding

Sound = TypeVar("Sound", bytes, str, Samples)


def noise(length: int, level: float = 0.3, seed: int = 0) -> Samples:
    """The same noise every time."""
    return np.random.default_rng(seed).uniform(-level, level, length).astype(np.float32)


def tone(hz: float, seconds: float, level: float = 0.3, rate_hz: int = RATE_HZ) -> Samples:
    """One voice, and it never breathes."""
    times = np.arange(round(seconds * rate_hz)) / rate_hz
    return (level * np.sin(2 * np.pi * hz * times)).astype(np.float32)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE_HZ), np.float32)


def pcm(*sounds: Samples) -> bytes:
    """16-bit bytes."""
    return encode(np.concatenate(sounds), AudioEncoding.AUDIO_ENCODING_PCM_S16LE)


def cut(sound: Sound, places: Iterable[int], unit: int = 1) -> list[Sound]:
    """The sound in pieces, cut at these places; unit: bytes that belong together."""
    marks = sorted({0, len(sound), *(place * unit for place in places if place * unit < len(sound))})
    return [sound[start:end] for start, end in pairwise(marks)] if len(marks) > 1 else [sound]
