"""What the sound is like, second by second, at a few percent of the model's cost. Pure: levels in, verdicts out.

Noise is what lies between the words, or what the model takes away, whichever is more: the one misses keys and clicks,
the other what the model lets through.
"""

from collections import deque
from collections.abc import Sequence
from functools import cache
from math import log10

import numpy as np
import numpy.typing as npt

from parley.audio.pcm import Samples, interval
from parley.engines.stateful.engine import Shape
from parley.engines.stateful.graph import Rows
from parley.v1.denoise_pb2 import Quality

REMEMBERED = 6  # verdicts over whose time speech and noise are told apart
LOOKS = 4  # at the spectrum, between verdicts
NOTHING = 1e-7  # power below which there is nothing to hear
MUTED = 1e-9  # power of a hop that only a switched-off microphone gives: it tells nothing of the noise
PAUSES = 0.15  # share of the time in which nobody speaks
FULL_SCALE = 0.98  # G.711 reaches no further
FAINT = 1e-6  # of the loudest frequency's power
FORGET = 0.95  # of a frequency's loudest, each second

Levels = npt.NDArray[np.float32]  # of each hop: the power that came, what the model made of it, the share at full scale


def levels(came: Samples, made: Samples, hop: int) -> Levels:
    """[3, hops]."""
    before, after = came.reshape(-1, hop), made.reshape(-1, hop)
    return np.stack((_powers(before), _powers(after), _full(before)))


def _powers(hops: Rows) -> Samples:
    powers: Samples = np.einsum("ij,ij->i", hops, hops) / np.float32(hops.shape[1])
    return powers


def _full(came: Rows) -> Samples:
    if came.min() > -FULL_SCALE and came.max() < FULL_SCALE:
        return np.zeros(len(came), np.float32)
    share: Samples = (np.abs(came) >= FULL_SCALE).mean(-1, dtype=np.float32)
    return share


class Judge:
    """Gives a verdict about once a second, where something has changed.

    Every stream is judged, so between verdicts sound is only kept: a call into numpy costs for one hop nearly what it
    costs for a second of them.
    """

    def __init__(self, shape: Shape, rate_hz: int, keep: float) -> None:
        self._hop, self._late, self._keep = shape.hop, round(shape.latency / shape.hop), keep
        self._second = max(1, round(shape.rate_hz / shape.hop))  # hops in it, about
        self._every = max(1, self._second // LOOKS)  # hops between looks
        self._came: list[Samples] = []  # since the last verdict,
        self._made: list[Samples] = []  # and what the model made of it
        self._known: deque[Levels] = deque(maxlen=REMEMBERED)
        self._hops = self._waiting = 0  # up to the last verdict, and since
        self._rate_hz, self._band = shape.rate_hz, Band(shape, rate_hz)
        self._reported: Quality | None = None

    def hear(self, came: Samples, made: Samples, end: int | None = None) -> Sequence[Quality]:
        """Whole hops, before and after the model; end: where the stream ends, once it is known."""
        if end is not None:
            left = max(0, end - (self._hops + self._waiting) * self._hop) // self._hop * self._hop
            came, made = came[:left], made[:left]
        self._came.append(came)
        self._made.append(made)
        self._waiting += len(came) // self._hop
        return self._judge() if self._waiting >= self._second else ()

    def _judge(self) -> list[Quality]:
        verdicts, size = [], self._second * self._hop
        came, made = np.concatenate(self._came), np.concatenate(self._made)
        while self._waiting >= self._second:
            self._known.append(levels(came[:size], made[:size], self._hop))
            self._band.look(came[:size].reshape(-1, self._hop)[-self._hops % self._every :: self._every])
            came, made = came[size:], made[size:]
            self._waiting -= self._second
            self._hops += self._second
            verdict = self._verdict()
            if self._reported is None or _differ(verdict, self._reported):
                start, end = (self._hops - self._second) * self._hop, self._hops * self._hop
                verdict.interval.CopyFrom(interval(start, end, self._rate_hz))
                self._reported = verdict
                verdicts.append(verdict)
        self._came, self._made = [came.copy()], [made.copy()]  # of what is kept, not all that it was cut from
        return verdicts

    def _verdict(self) -> Quality:
        """How it sounds now, without its interval, which only a verdict that is reported needs."""
        known, newest = np.concatenate(self._known, 1), self._known[-1]
        verdict = Quality(
            clipped_share=float(newest[2].sum()) / self._second,
            bandwidth_hz=self._band.edge_hz,
            silent=bool(newest[0].max() <= NOTHING),
        )
        if not verdict.silent and known.shape[1] > self._late:
            came, made = known[0, : known.shape[1] - self._late], known[1, self._late :]
            verdict.input_snr_db, verdict.output_snr_db = ratios(came, made, self._keep)
        return verdict


def ratios(came: Levels, made: Levels, keep: float = 0.0) -> tuple[float, float]:
    """Signal to noise in decibels before and after, from powers; so much of the original's amplitude is kept."""
    if came.min() <= MUTED:
        on = came > MUTED
        came, made = came[on], made[on]
    if not len(came):
        return 0.0, 0.0
    rank, both = int(PAUSES * len(came)), np.sqrt(came * made)
    # The quieter parts of a steady noise lie a little below its mean.
    between = 1.1 * float(np.partition(came, rank)[rank])
    # A model that weighs each frequency by its share of speech takes so much of the noise away.
    taken = float(np.maximum(came - both, 0).sum()) / len(came)
    noise = max(between, taken)
    mixed = (1 - keep) ** 2 * made + keep**2 * came + 2 * keep * (1 - keep) * both if keep else made
    # Where the sound was turned down the noise in it was turned down as well, between the harmonics of a voice twice.
    gain = np.minimum(mixed, came) / came
    left = float((np.where(came > 2 * noise, gain, 1) * gain * np.minimum(came, noise)).sum())
    return _decibels(float(came.sum()), noise * len(came)), _decibels(float(mixed.sum()), left)


def _decibels(whole: float, noise: float) -> float:
    # Below a hundredth of the noise a signal is a guess, above a million times as well.
    return 10 * log10(min(max(whole / max(noise, 1e-9) - 1, 1e-2), 1e6))


class Band:
    """Up to which frequency a stream has sound."""

    def __init__(self, shape: Shape, rate_hz: int) -> None:
        self._carries_hz, self._step_hz = min(rate_hz, shape.rate_hz) / 2, shape.rate_hz / shape.hop
        self._taper = _taper(shape.hop)
        self._loudest = np.zeros(shape.hop // 2 + 1, np.float32)
        self._looks = 0

    def look(self, hops: Rows) -> None:
        """Some hops from all over a second."""
        loud = hops[_powers(hops) > NOTHING]
        if len(loud):
            spectra = np.fft.rfft(loud * self._taper)
            loudest = (spectra.real**2 + spectra.imag**2).max(0)
            self._loudest = np.maximum(FORGET * self._loudest, loudest)
            self._looks += len(loud)

    @property
    def edge_hz(self) -> int:
        """The highest frequency with sound, where it is far below the format's; None until enough was heard."""
        if self._looks < 3 * LOOKS:
            return 0
        edge_hz = float(np.flatnonzero(self._loudest > FAINT * self._loudest.max())[-1]) * self._step_hz
        return round(edge_hz) if edge_hz < 0.85 * self._carries_hz else 0


@cache
def _taper(hop: int) -> Samples:
    """A Hann window; cached, because it is a good part of the cost of opening a stream."""
    taper: Samples = np.hanning(hop).astype(np.float32)
    return taper


def _differ(now: Quality, before: Quality) -> bool:
    """Whether two measurements differ enough to report the second."""
    return (
        now.silent != before.silent
        or (now.clipped_share > 1e-3) != (before.clipped_share > 1e-3)
        or abs(now.bandwidth_hz - before.bandwidth_hz) >= 500
        or abs(now.input_snr_db - before.input_snr_db) >= 3
        or abs(now.output_snr_db - before.output_snr_db) >= 3
    )
