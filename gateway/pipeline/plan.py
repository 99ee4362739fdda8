"""What a pipeline's config asks for: checked, and cut into one config a stage. Pure."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf.message import Message

from gateway.audio.time_scale import Scale
from gateway.config import LARGEST_CHUNK, Keep
from gateway.pipeline.tail import NOTHING, SoundTail, TextTail
from parley.audio.media import MOST_CHANNELS
from parley.errors import BadInput, ChunkTooLarge, PartialSample, UnsupportedFormat
from parley.v1.asr_pb2 import AsrRequest
from parley.v1.denoise_pb2 import DenoiseRequest
from parley.v1.diarize_pb2 import DiarizeRequest
from parley.v1.pipeline_pb2 import DenoiseFor, PipelineConfig
from parley.v1.translate_pb2 import TranslateRequest
from parley.wire import protocol

REQUESTS: dict[str, Any] = {
    "denoise": DenoiseRequest,
    "asr": AsrRequest,
    "diarize": DiarizeRequest,
    "translate": TranslateRequest,
}
LISTENERS_ALONE = DenoiseFor.DENOISE_FOR_LISTENERS
MORE = 3  # times as much as of live sound is kept of a recording: several windows of it are heard at a time


def pinned(config: PipelineConfig, metadata: Mapping[str, str]) -> Mapping[str, str]:
    """A header that names a model without its stage means the only stage that runs."""
    if not (model := metadata.get(protocol.MODEL)):
        return metadata
    stages = [field.name for field, _ in config.ListFields() if field.name in REQUESTS]
    if len(stages) > 1:
        raise BadInput(f"`{protocol.MODEL}` could mean {' or '.join(stages)}; send `{protocol.MODEL}-{stages[0]}`.")
    return {**metadata, **{f"{protocol.MODEL}-{stage}": model for stage in stages}}


class Plan:
    """A config that makes sense."""

    def __init__(self, config: PipelineConfig) -> None:
        self.config = config
        self.scale = Scale.of(config.format)
        self.stages = [stage for stage in ("denoise", "asr", "diarize") if config.HasField(stage)]
        self.to_ear = config.denoise_for != LISTENERS_ALONE
        self.to_listeners = config.denoise_for in (LISTENERS_ALONE, DenoiseFor.DENOISE_FOR_BOTH)
        self._check()

    def _check(self) -> None:
        """Refuse what cannot be meant."""
        config = self.config
        if not self.stages:
            raise BadInput("A pipeline needs at least one of denoise, asr and diarize.")
        if config.translate and "asr" not in self.stages:
            raise BadInput("Translating needs words: ask for asr too.")
        if any(getattr(config, stage).HasField("format") for stage in self.stages):
            raise BadInput("The format is the pipeline's; leave a stage's own format out.")
        self._check_channels()
        unknown = [stage for stage in config.models if stage not in REQUESTS]
        if unknown:
            raise BadInput(f"`models` names the stage {unknown[0]!r}; there are {', '.join(REQUESTS)}.")

    def _check_channels(self) -> None:
        config, count = self.config, self.config.format.channels
        if config.asr.per_channel:
            raise BadInput("In a pipeline every stage hears the same: set the pipeline's own per_channel.")
        if config.per_channel and count > MOST_CHANNELS:
            raise UnsupportedFormat(f"{count} channels are not taken; send 1 to {MOST_CHANNELS}.")
        if config.per_channel and "diarize" in self.stages:
            raise BadInput("With per_channel each channel is one speaker; leave diarize out.")
        if "denoise" in self.stages and count > 1 and not config.per_channel:
            raise UnsupportedFormat("denoise in a pipeline takes one channel; set per_channel, or mix them first.")

    def configs(self, stage: str) -> list[Message]:
        """What each stream to a stage begins with; empty: the stage does not run."""
        if stage == "translate":
            return list(self.config.translate)
        if stage not in self.stages:
            return []
        asked = getattr(self.config, stage)
        config = type(asked)()
        config.CopyFrom(asked)
        config.format.CopyFrom(self.config.format)
        if stage == "diarize":
            config.open_turns = True  # words need their speaker before the turn ends
        return [config]

    def tails(self, stage: str, keep: Keep) -> list[SoundTail | TextTail]:
        """What each stream to a stage is sent through; only words are worth hearing sound twice for."""
        if stage == "translate":
            return [TextTail(REQUESTS[stage], config) for config in self.configs(stage)]
        kept = keep if stage == "asr" else NOTHING
        if kept.bytes and self.config.asr.recording:
            # It comes at once and is answered when there is time: only its size has a bound.
            kept = Keep(MORE * keep.bytes, math.inf)
        return [SoundTail(REQUESTS[stage], config, self.scale, kept) for config in self.configs(stage)]

    def model(self, stage: str) -> str:
        """The alias or version wished for; empty: the default."""
        return self.config.models.get(stage, "")

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Small pieces let every stage hear a long chunk soon. Samples stay whole."""
        if len(data) > LARGEST_CHUNK:
            raise ChunkTooLarge(f"A chunk of {len(data)} bytes is too large; send at most {LARGEST_CHUNK} at once.")
        frame = self.scale.frame_bytes
        if len(data) % frame:
            raise PartialSample(f"{len(data)} bytes are not whole samples of {frame} bytes; cut between samples.")
        size = self.scale.piece
        return (data[at : at + size] for at in range(0, len(data), size))
