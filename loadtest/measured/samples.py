"""Some of the answers, scored against what is known to be right, beside what came when nobody else talked.

Must not know where they came from.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from loadtest.measured.clips import Clip
from loadtest.measured.words import bleu, error_rate

MOST = 24  # in one process
SOUND, AT_REST = "si-sdr", " at rest"
WORSE_IS = {"wer": 1, "bleu": -1, SOUND: -1}  # more, or less


class Samples:
    """The first answers, then every tenth. Scored at the end: while people talk there is no time for it."""

    def __init__(self, into: list[dict[str, Any]]) -> None:
        self._into, self._seen = into, 0
        self._sounds: list[tuple[dict[str, Any], Clip, bytes, bytes]] = []

    def keep(self, clip: Clip, text: str, rest: str) -> None:
        """One transcript of a recording; rest: what it is when nobody else talks."""
        if clip.text and rest and self._wanted():
            self._into.append({"clip": clip.name, "said": clip.text, "text": text, "rest": rest})

    def keep_sound(self, clip: Clip, audio: bytes, rest: bytes) -> None:
        """One cleaned recording."""
        if clip.clean and rest and self._wanted():
            self._into.append({"clip": clip.name})
            self._sounds.append((self._into[-1], clip, audio, rest))

    def keep_translation(self, source: str, reference: str, text: str, rest: str) -> None:
        """One translation."""
        if self._wanted():
            self._into.append({"source": source, "reference": reference, "text": text, "rest": rest})

    def _wanted(self) -> bool:
        self._seen += 1
        return len(self._into) < MOST and (self._seen <= 4 or self._seen % 10 == 0)

    def score(self) -> None:
        """What was kept as sound becomes decibels."""
        for sample, clip, audio, rest in self._sounds:
            heard = {SOUND: audio, SOUND + AT_REST: rest, f"input {SOUND}": clip.pcm}
            sample |= {name: si_sdr_db(clip.clean, sound) for name, sound in heard.items()}
        self._sounds.clear()


def si_sdr_db(clean: bytes, got: bytes) -> float:
    """Scale-invariant signal-to-distortion ratio."""
    reference, heard = (np.frombuffer(each, np.int16).astype(np.float64) for each in (clean, got))
    length = min(len(reference), len(heard))
    reference, heard = reference[:length], heard[:length]
    target = reference * (heard @ reference) / (reference @ reference + 1e-9)
    rest = heard - target
    return float(10 * np.log10((target @ target + 1e-9) / (rest @ rest + 1e-9)))


def scores(samples: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """wer, bleu and si-sdr, where there is something to score; the same at rest; how much worse load made it."""
    found: dict[str, float] = {}
    for name, score, right in (("wer", error_rate, "said"), ("bleu", bleu, "reference")):
        if texts := [each for each in samples if right in each]:
            for suffix, key in (("", "text"), (AT_REST, "rest")):
                found[name + suffix] = score([(each[right], each[key]) for each in texts])
    if sounds := [each for each in samples if SOUND in each]:
        for name in (SOUND, SOUND + AT_REST, f"input {SOUND}"):
            found[name] = float(np.mean([each[name] for each in sounds]))
    for name in [each for each in WORSE_IS if each in found]:
        found[f"worse {name}"] = WORSE_IS[name] * (found[name] - found[name + AT_REST])
    # No negative nothing.
    return {name: round(value, 3) + 0.0 for name, value in found.items()}
