"""What an enhancer's model.toml may say under [options], as docs/enhancers.md tells. Must not know sound."""

from dataclasses import dataclass
from typing import Annotated

from parley.audio.pcm import HIGHEST_HZ, LOWEST_HZ
from parley.config import Within
from parley.engines import options
from parley.engines.model import ModelSpec
from parley.engines.stateful.options import GraphOptions, State, check_memory


@dataclass(frozen=True, kw_only=True)
class DenoiseOptions:
    """Which kind of graph it is, and how it is fed; without `graphs` the table itself describes the only one."""

    adapter: str = "waveform"
    hop: Annotated[int, Within(1, 48_000)]  # samples that it takes at a time
    latency_samples: Annotated[int, Within(0, 160_000)] = 0
    window: Annotated[int, Within(2, 65_536)] | None = None  # samples in one frame
    file: str = ""
    input: str = "audio"
    output: str = "audio"
    states: tuple[State, ...] = ()
    graphs: tuple[GraphOptions, ...] = ()

    @property
    def every_graph(self) -> tuple[GraphOptions, ...]:
        """Those that are listed, or the only one."""
        return self.graphs or (GraphOptions(self.file, self.input, self.output, self.states),)

    @classmethod
    def of(cls, spec: ModelSpec) -> "DenoiseOptions":
        """The table as it is written, checked."""
        declared = options.read(cls, spec)
        options.rate(spec, LOWEST_HZ, HIGHEST_HZ)
        check_memory(spec, declared.every_graph)
        return declared
