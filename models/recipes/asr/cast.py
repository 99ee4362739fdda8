"""Who speaks: the trained voices, and an engine that training never hears."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from models.recipes.asr import flite
from models.recipes.asr.speech import Speech, Synthesiser, Voice

_ACCENTS = ("en-US", "en", "en-GB-scotland", "en-US-nyc", "en-GB-x-rp")
_VARIANTS = ("", "+f2", "+m3", "+f4", "+klatt2", "+m7")
ESPEAK = tuple(f"gmw/{accent}{variant}" for variant in _VARIANTS for accent in _ACCENTS)
FEW = (*(Voice("flite", name) for name in ("rms", "slt")), *(Voice("espeak", f"gmw/en-US{v}") for v in ("", "+f2")))
UNSEEN = Voice("festival", "ked_diphone")
# flite's statistical voices cost ten times as much, and are the more human ones.
_WEIGHTS = {"rms": 0.12, "slt": 0.12, "awb": 0.10, "kal16": 0.10}


def choose(rng: Random, few: bool) -> Voice:
    """A voice with a pitch and a pace of the day; `few` are those that training starts with."""
    pitch, pace = 2 ** rng.gauss(0, 0.15), 2 ** rng.gauss(0, 0.2)
    if few:
        voice = rng.choice(FEW)
    elif rng.random() < sum(_WEIGHTS.values()):
        voice = Voice("flite", rng.choices(flite.VOICES, [_WEIGHTS[name] for name in flite.VOICES])[0])
    else:
        voice = Voice("espeak", rng.choice(ESPEAK))
    return Voice(voice.engine, voice.name, pitch, min(1.5, max(0.65, pace)))


class Troupe:
    """All synthesisers, each started when first needed."""

    def __init__(self) -> None:
        self._engines: dict[str, Synthesiser] = {}

    def say(self, words: Sequence[str], voice: Voice) -> Speech:
        """Speak one text."""
        return self._engine(voice.engine).say(words, voice)

    def _engine(self, name: str) -> Synthesiser:
        if name not in self._engines:
            self._engines[name] = _start(name)
        return self._engines[name]


def _start(name: str) -> Synthesiser:
    # Imported late: a machine without one of them can still use the others.
    if name == "espeak":
        from models.recipes.asr.espeak import Espeak

        return Espeak()
    if name == "flite":
        return flite.Flite()
    from models.recipes.asr.festival import Festival

    return Festival()
