"""Some of the answers, scored against what is known to be right. Must not know where they came from."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from loadtest.clips import Clip
from loadtest.words import chrf, wer

MOST = 12  # in one process


class Samples:
    """The first answers, then every tenth."""

    def __init__(self, into: list[dict[str, Any]]) -> None:
        self._into, self._seen = into, 0

    def keep(self, clip: Clip, text: str, audio: bytes = b"") -> None:
        """One answer to a recording."""
        self._seen += 1
        if len(self._into) < MOST and (self._seen <= 4 or self._seen % 10 == 0):
            scores: dict[str, float] = {}
            if clip.text and text:
                scores["wer"] = wer(clip.text, text)
            if clip.clean and audio:
                scores["si-sdr"] = si_sdr_db(clip.clean, audio)
                scores["input si-sdr"] = si_sdr_db(clip.clean, clip.pcm)
            if scores:
                self._into.append({"clip": clip.name, "text": text, **scores})

    def keep_text(self, source: str, reference: str, said: str) -> None:
        """One translation."""
        self._seen += 1
        if len(self._into) < MOST and (self._seen <= 4 or self._seen % 10 == 0):
            self._into.append({"source": source, "text": said, "chrf": chrf(reference, said)})


def si_sdr_db(clean: bytes, got: bytes) -> float:
    """Scale-invariant signal-to-distortion ratio."""
    reference, heard = (np.frombuffer(each, np.int16).astype(np.float64) for each in (clean, got))
    length = min(len(reference), len(heard))
    reference, heard = reference[:length], heard[:length]
    target = reference * (heard @ reference) / (reference @ reference + 1e-9)
    rest = heard - target
    return float(10 * np.log10((target @ target + 1e-9) / (rest @ rest + 1e-9)))


def means(samples: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The mean of every score there is."""
    names = {name for each in samples for name, value in each.items() if isinstance(value, float)}
    found = {name: [each[name] for each in samples if name in each] for name in names}
    return {name: round(float(np.mean(values)), 3) for name, values in sorted(found.items())}
