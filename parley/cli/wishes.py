"""What a listener asks of the pipeline, as one config. Must not know how answers are shown."""

from collections.abc import AsyncIterable, AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any

from parley.cli.sound import Sound
from parley.client import Client, requests_of
from parley.errors import BadInput
from parley.v1.asr_pb2 import AsrConfig
from parley.v1.denoise_pb2 import DenoiseConfig
from parley.v1.diarize_pb2 import DiarizeConfig
from parley.v1.pipeline_pb2 import DenoiseFor, PipelineConfig, PipelineRequest
from parley.v1.translate_pb2 import TranslateConfig


@dataclass(frozen=True)
class Wishes:
    """The options of `stream` and `transcribe`."""

    language: str = ""
    interim: bool = False
    word_times: bool = False
    recording: bool = False  # all of it is there
    speakers: bool = False
    per_channel: bool = False
    denoise: bool = False
    translate_to: tuple[str, ...] = ()
    models: dict[str, str] = field(default_factory=dict)

    def config(self, sound: Sound) -> PipelineConfig:
        """The pipeline that does all of it."""
        return PipelineConfig(
            format=sound.format,
            asr=AsrConfig(
                language=self.language,
                interim_results=self.interim,
                word_times=self.word_times,
                recording=self.recording,
            ),
            diarize=DiarizeConfig() if self.speakers else None,
            denoise=DenoiseConfig() if self.denoise else None,
            denoise_for=DenoiseFor.DENOISE_FOR_LISTENERS if self.denoise else None,
            translate=[TranslateConfig(source_language=self.language, target_language=to) for to in self.translate_to],
            models=self.models,
            per_channel=self.per_channel,
        )

    def answers(self, client: Client, sound: Sound, pieces: AsyncIterable[bytes]) -> AsyncIterator[Any]:
        """Send the sound; what the pipeline says."""
        return client.stream("Pipeline", requests_of(PipelineRequest, self.config(sound), pieces))


def models_of(given: Iterable[str]) -> dict[str, str]:
    """`whisper@3` is asr's; `denoise=small@1` names the stage."""
    models: dict[str, str] = {}
    for text in given:
        stage, _, model = text.rpartition("=")
        if not model or text.startswith("="):
            raise BadInput(f"--model {text!r} names no model; write e.g. echo@1 or denoise=echo@1.")
        models[stage or "asr"] = model
    return models
