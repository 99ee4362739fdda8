"""What a model.toml of voices may say under [options], as docs/voices.md tells. Must not know streams."""

from dataclasses import dataclass
from typing import Annotated

from parley.audio.pcm import RATE_HZ
from parley.config import Within
from parley.engines import options
from parley.engines.model import ModelSpec

Seconds = Annotated[float, Within(0.1, 30)]


@dataclass(frozen=True, kw_only=True)
class DiarizeOptions:
    """How one model is shown sound, and what its embeddings mean."""

    window_s: Seconds
    hop_s: Seconds | None = None  # from window to window; half a window
    same: Annotated[float, Within(-1, 1)]  # cosine from which on two embeddings are one voice
    ward_height: Annotated[float, Within(0, 1_000)]  # cost from which on two groups of embeddings are two voices
    apart: Annotated[float, Within(-1, 1)] = -1.0  # cosine of their means below which they are two at any cost
    width: Annotated[int, Within(1, 65_536)] | None = None  # numbers in an embedding; checked where it is said
    input: str = "audio"
    output: str = "embedding"
    segment_s: Annotated[float, Within(1, 60)] = 10.0  # sound that the segmentation is shown at a time
    segment_hop_s: Annotated[float, Within(0.5, 30)] = 2.0  # from one showing to the next
    segment_delay_s: Annotated[float, Within(0, 10)] = 0.5  # sound after what it is believed about
    segment_output: str = "sets"
    pair_margin: Annotated[float, Within(0, 100)] = 0.0  # by how much two at once must be likelier than one, in nats

    @property
    def step_s(self) -> float:
        """From window to window."""
        return self.window_s / 2 if self.hop_s is None else self.hop_s

    @classmethod
    def of(cls, spec: ModelSpec) -> "DiarizeOptions":
        """The table as it is written, checked."""
        declared = options.read(cls, spec)
        options.rate(spec, RATE_HZ, RATE_HZ)
        if declared.step_s > declared.window_s:
            raise options.fault(spec, f"`hop_s` must lie between 0 and `window_s`, {declared.window_s:g}.")
        if declared.segment_hop_s + declared.segment_delay_s > declared.segment_s:
            raise options.fault(spec, f"`segment_hop_s` and `segment_delay_s` must fit into {declared.segment_s:g} s.")
        return declared
