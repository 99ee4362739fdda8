"""espeak-ng through its C library, in this process: audio, phone events, word events."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import POINTER, c_char, c_int, c_short, c_uint, c_void_p
from itertools import pairwise

import numpy as np

from models.recipes.asr import phones
from models.recipes.asr.speech import Span, Speech, Voice, at_rate, trimmed

_SYNCHRONOUS, _PHONEME_EVENTS = 2, 1
_RATE, _PITCH = 1, 3
_WORD, _END, _PHONEME = 1, 5, 7
_UTF8 = 1
# In the middle of a text the letter would be the article.
_SPOKEN = {"A": "eigh"}


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", c_int),
        ("unique", c_uint),
        ("text_position", c_int),
        ("length", c_int),
        ("audio_ms", c_int),
        ("sample", c_int),
        ("user", c_void_p),
        ("string", c_char * 8),
    )


_Callback = ctypes.CFUNCTYPE(c_int, POINTER(c_short), c_int, POINTER(_Event))


class Espeak:
    """The library keeps global state: one of these a process."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libespeak-ng.so.1")
        self._rate_hz = self._library.espeak_Initialize(_SYNCHRONOUS, 0, None, _PHONEME_EVENTS)
        if self._rate_hz <= 0:
            raise RuntimeError("espeak-ng does not start; install espeak-ng-data.")
        self._pieces: list[np.ndarray] = []
        self._events: list[tuple[int, int, int, str]] = []
        self._callback = _Callback(self._hear)
        self._library.espeak_SetSynthCallback(self._callback)

    def say(self, words: Sequence[str], voice: Voice) -> Speech:
        """Speak; a voice's name is the library's, e.g. `en-us+f2`."""
        self._pieces, self._events = [], []
        spoken = [_SPOKEN.get(word, word) for word in words]
        text = " ".join(spoken).encode()
        if self._library.espeak_SetVoiceByName(voice.name.encode()):
            raise ValueError(f"espeak-ng has no voice {voice.name!r}.")
        self._library.espeak_SetParameter(_RATE, int(165 * voice.pace), 0)
        self._library.espeak_SetParameter(_PITCH, int(np.clip(50 + 60 * np.log2(voice.pitch), 5, 95)), 0)
        self._library.espeak_Synth(text, len(text) + 1, 0, 1, 0, _UTF8, None, None)
        samples = np.concatenate([*self._pieces, np.zeros(1, np.int16)])
        until_s = len(samples) / self._rate_hz
        return trimmed(
            Speech(at_rate(samples, self._rate_hz), self._words(spoken, until_s), self._phones(voice, until_s))
        )

    def _hear(self, wave: object, count: int, events: object) -> int:
        if wave and count > 0:
            self._pieces.append(np.ctypeslib.as_array(wave, (count,)).copy())
        for event in _until_terminator(events):
            self._events.append(
                (event.type, event.audio_ms, event.text_position, event.string.decode(errors="replace"))
            )
        return 0

    def _phones(self, voice: Voice, until_s: float) -> list[tuple[int, float]]:
        """A phone lasts until the next one starts."""
        heard = [(at_ms / 1000, name) for kind, at_ms, _, name in self._events if kind == _PHONEME]
        if not heard:
            return []
        starts = [at_s for at_s, _ in heard[1:]] + [until_s]
        found = [(phones.SILENCE, heard[0][0])]
        for (_, name), end_s in zip(heard, starts, strict=True):
            found += phones.spread(phones.of_espeak(name), found[-1][1], end_s)
        return found

    def _words(self, spoken: Sequence[str], until_s: float) -> list[Span]:
        """Word events carry the place in the text; a word without one shares with its neighbour."""
        starts = np.full(len(spoken) + 1, np.nan)
        places = np.cumsum([0] + [len(word) + 1 for word in spoken])
        for kind, at_ms, position, _ in self._events:
            if kind == _WORD:
                index = int(np.searchsorted(places, position - 1, side="right")) - 1
                if 0 <= index < len(spoken) and np.isnan(starts[index]):
                    starts[index] = at_ms / 1000
        last_s = max((at_ms for kind, at_ms, _, _ in self._events if kind in (_PHONEME, _END)), default=0) / 1000
        starts[-1] = last_s or until_s
        known = np.flatnonzero(~np.isnan(starts))
        filled = np.interp(np.arange(len(starts)), known, starts[known])
        return [(float(a), float(b)) for a, b in pairwise(filled)]


def _until_terminator(events: object) -> list[_Event]:
    found: list[_Event] = []
    while events and events[len(found)].type:  # type: ignore[index]
        found.append(events[len(found)])  # type: ignore[index]
    return found
