"""A model that ships, through the service, and the two recordings that it is tried on."""

from typing import Any

import numpy as np

from parley.audio.media import read
from parley.audio.pcm import RATE_HZ, Samples
from parley.engines.model import ModelRef, locate
from parley.v1 import diarize_pb2 as v1
from services.diarize.engine import open_engine
from services.diarize.stage import DiarizeServiceConfig, begin
from tests.contract.source import ROOT
from tests.services.play import of, paced, play
from tests.sound import cut

SETTINGS = DiarizeServiceConfig(listen="", models=())
Spans = list[tuple[str, float, float]]


def recording(name: str, folder: str = "examples") -> bytes:
    return read((ROOT / f"{folder}/{name}.flac").read_bytes(), 60, RATE_HZ).data


def floats(data: bytes) -> Samples:
    return np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768)


ONE, TWO = recording("one-speaker"), recording("two-speakers")
CHANGE_S = (5.9, 6.7)  # half a second of silence between the two


class ShippedVoices:
    """One version, opened."""

    def __init__(self, name: str) -> None:
        self.spec = locate([ROOT / "models/embedded"], "diarize", ModelRef(name, "1"))
        self.engine = open_engine(self.spec).model

    def waits(self, data: bytes) -> list[float]:
        """Of each turn that is told while sound comes: seconds of sound from its end until then."""
        said = paced(begin(v1.DiarizeConfig(), self.spec, SETTINGS), self.engine, data, 3200)
        ended = [(turn, heard) for heard, turn in said if isinstance(turn, v1.Turn)]
        return [heard / 2 / RATE_HZ - turn.interval.end.ToTimedelta().total_seconds() for turn, heard in ended]

    def whole(self, data: bytes, chunk: int = 6400, **config: Any) -> Spans:
        """Who spoke when, in the end."""
        session = begin(v1.DiarizeConfig(**config), self.spec, SETTINGS)
        turns = of(v1.Revision, play(session, self.engine, cut(data, range(0, len(data), chunk))))[-1].turns
        times = [(turn.interval.start.ToTimedelta(), turn.interval.end.ToTimedelta()) for turn in turns]
        return [(t.speaker, a.total_seconds(), b.total_seconds()) for t, (a, b) in zip(turns, times, strict=True)]


NANO, BASE = ShippedVoices("voice-nano"), ShippedVoices("voice-base")
