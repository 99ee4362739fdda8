"""What a separator's model.toml may say under [options]. Must not know sound."""

import re
from dataclasses import dataclass
from typing import Annotated

from parley.audio.pcm import HIGHEST_HZ, LOWEST_HZ
from parley.config import Within
from parley.engines import options
from parley.engines.model import ModelSpec
from parley.engines.stateful.options import GraphOptions, State, check_memory

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")  # files are called so
SHORTEST_SEGMENT, LONGEST_SEGMENT = 1_024, 4_000_000  # samples: 83 s at 48 kHz
STREAM = "stream"  # the adapter of graphs that answer at once


@dataclass(frozen=True, kw_only=True)
class SeparateOptions:
    """Which kind of graph it is, and how it is fed."""

    adapter: str = "mask"
    input: str = "magnitudes"
    output: str = "voice"
    channels: Annotated[int, Within(1, 2)] = 2  # that it hears
    segment: Annotated[int, Within(0, LONGEST_SEGMENT)] = 0  # samples that it hears at a time; not of `stream`
    overlap: Annotated[int, Within(0, LONGEST_SEGMENT)] = 0  # samples in which one segment goes over into the next
    window: Annotated[int, Within(2, 65_536)] = 4_096  # samples in a frame of a spectrum; not of `waveform`
    hop: Annotated[int, Within(1, 65_536)] = 1_024
    bins: Annotated[int, Within(1, 32_769)] = 1_024  # that the graph hears; those above get what these have on average
    frames: Annotated[int, Within(1, 65_536)] = 1  # come in so many
    source: Annotated[int, Within(0, 15)] = 0  # which of the graph's sources the voice is; `waveform` only
    latency_samples: Annotated[int, Within(0, 160_000)] = 0  # by which its output is late; `stream` only
    states: tuple[State, ...] = ()  # what it remembers of a stream; `stream` only
    tracks: tuple[str, str] = ("voice", "music")  # what the graph finds, and the rest

    @property
    def graph(self) -> GraphOptions:
        """The names in a graph that answers at once."""
        return GraphOptions("", self.input, self.output, self.states)

    @classmethod
    def of(cls, spec: ModelSpec) -> "SeparateOptions":
        """The table as it is written, checked."""
        declared = options.read(cls, spec)
        options.rate(spec, LOWEST_HZ, HIGHEST_HZ)
        check_memory(spec, [declared.graph])
        for wrong, message in declared._faults():
            if wrong:
                raise options.fault(spec, message)
        return declared

    def _faults(self) -> list[tuple[bool, str]]:
        segment = f"`options.segment` must be {SHORTEST_SEGMENT} to {LONGEST_SEGMENT} samples."
        return [
            (self.adapter != STREAM and self.segment < SHORTEST_SEGMENT, segment),
            (self.adapter == STREAM and self.channels != 1, "`options.channels` must be 1: each is heard by itself."),
            (2 * self.overlap > self.segment, "`options.overlap` must be at most half of `segment`."),
            (self.bins > self.window // 2 + 1, "`options.bins` must be at most half of `window`, and one."),
            (self.hop > self.window, "`options.hop` must be at most `window`."),
            (self.segment % self.hop != 0, "`options.hop` must divide `segment`."),
            (len(set(filter(NAME.fullmatch, self.tracks))) < 2, "`options.tracks` must be two words, e.g. `voice-1`."),
        ]
