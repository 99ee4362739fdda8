"""flite through its C libraries, in this process: audio, segments, tokens."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from ctypes import POINTER, c_char_p, c_float, c_int, c_short, c_void_p

import numpy as np

from models.recipes.asr import phones
from models.recipes.asr.speech import Span, Speech, Voice, at_rate, trimmed

VOICES = ("kal16", "awb", "rms", "slt")
_FIRST = "R:Token.daughter1.R:SylStructure.daughter1.daughter1.R:Segment.p.end"
_LAST = "R:Token.daughtern.R:SylStructure.daughtern.daughtern.R:Segment.end"
_PITCH_HZ = {"kal16": 95.0, "awb": 110.0, "rms": 100.0, "slt": 170.0}


class _Wave(ctypes.Structure):
    _fields_ = (
        ("type", c_char_p),
        ("rate_hz", c_int),
        ("samples", c_int),
        ("channels", c_int),
        ("data", POINTER(c_short)),
    )


class _Voice(ctypes.Structure):
    _fields_ = (("name", c_char_p), ("features", c_void_p))


_ANSWERS = {
    "flite_synth_text": c_void_p,
    "utt_relation": c_void_p,
    "relation_head": c_void_p,
    "item_next": c_void_p,
    "item_feat_string": c_char_p,
    "item_feat_float": c_float,
    "flite_ffeature_float": c_float,
    "utt_wave": POINTER(_Wave),
}


class Flite:
    """Every voice is loaded once."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libflite.so.1", mode=ctypes.RTLD_GLOBAL)
        for name in ("usenglish", "cmulex"):
            ctypes.CDLL(f"libflite_{name}.so.1", mode=ctypes.RTLD_GLOBAL)
        self._library.flite_init()
        for name, answer in _ANSWERS.items():
            getattr(self._library, name).restype = answer
        self._voices = {name: self._load(name) for name in VOICES}

    def _load(self, name: str) -> int:
        register = getattr(ctypes.CDLL(f"libflite_cmu_us_{name}.so.1"), f"register_cmu_us_{name}")
        register.restype = c_void_p
        return int(register(None))

    def say(self, words: Sequence[str], voice: Voice) -> Speech:
        """Speak."""
        handle = self._voices[voice.name]
        features = c_void_p(ctypes.cast(handle, POINTER(_Voice)).contents.features)
        self._set(features, "duration_stretch", 1 / voice.pace)
        self._set(features, "int_f0_target_mean", _PITCH_HZ[voice.name] * voice.pitch)
        utterance = c_void_p(self._library.flite_synth_text(" ".join(words).encode(), c_void_p(handle)))
        try:
            return trimmed(self._read(utterance, len(words)))
        finally:
            self._library.delete_utterance(utterance)

    def _set(self, features: c_void_p, name: str, value: float) -> None:
        self._library.flite_feat_set_float(features, name.encode(), c_float(value))

    def _read(self, utterance: c_void_p, count: int) -> Speech:
        wave = self._library.utt_wave(utterance).contents
        samples = np.ctypeslib.as_array(wave.data, (wave.samples,)).copy()
        audio = at_rate(samples, wave.rate_hz)
        segments = [(self._phone(item), self._end(item)) for item in self._items(utterance, "Segment")]
        # The units a wave is made of are not exactly as long as was planned.
        scale = len(samples) / wave.rate_hz / max(segments[-1][1], 0.1) if segments else 1.0
        scale = scale if 0.9 < scale < 1.1 else 1.0
        words = [(a * scale, b * scale) for a, b in map(self._span, self._items(utterance, "Token"))]
        return Speech(audio, words if len(words) == count else (), [(p, end * scale) for p, end in segments])

    def _items(self, utterance: c_void_p, relation: str) -> Iterator[c_void_p]:
        found = c_void_p(self._library.utt_relation(utterance, relation.encode()))
        item = self._library.relation_head(found) if found else None
        while item:
            yield c_void_p(item)
            item = self._library.item_next(c_void_p(item))

    def _phone(self, item: c_void_p) -> int:
        return phones.of_flite(self._library.item_feat_string(item, b"name").decode())

    def _end(self, item: c_void_p) -> float:
        return float(self._library.item_feat_float(item, b"end"))

    def _span(self, item: c_void_p) -> Span:
        first, last = (float(self._library.flite_ffeature_float(item, path.encode())) for path in (_FIRST, _LAST))
        return first, last
