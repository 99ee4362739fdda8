"""The options of `stream` and `transcribe` as one pipeline config. Must not know how answers are shown."""

from collections.abc import AsyncGenerator, AsyncIterable, Iterable
from dataclasses import dataclass, field
from typing import Any

from parley.cli.connect import stream
from parley.cli.sound import Sound
from parley.errors import BadInput


@dataclass(frozen=True)
class PipelineOptions:
    """What is wanted of a recording or a live stream."""

    language: str = ""  # a tag, or several with commas between: one of them
    interim: bool = False
    word_times: bool = False
    recording: bool = False  # all of it is there
    speakers: bool = False
    voices: tuple[str, ...] = ()  # that are kept, to be known
    per_channel: bool = False
    denoise: bool = False
    added: tuple[str, ...] = ()  # STAGE[=JSON] each
    translate_to: tuple[str, ...] = ()
    models: dict[str, str] = field(default_factory=dict)

    def config(self, sound: Sound) -> dict[str, Any]:
        """A PipelineConfig that does all of it."""
        return {**self.stages(), "format": sound.format}

    def stages(self) -> dict[str, Any]:
        """The same for sound of any format."""
        tags = [tag.strip() for tag in self.language.split(",") if tag.strip()]
        only = tags[0] if len(tags) == 1 else ""
        asr = {"language": only, "interim_results": self.interim, "word_times": self.word_times}
        stages: dict[str, Any] = {"asr": {**asr, "languages": tags[1:] and tags, "recording": self.recording}}
        stages |= {"diarize": {"voices": list(self.voices)}} if self.speakers or self.voices else {}
        stages |= {"denoise": {}} if self.denoise else {}
        filtered = self.denoise
        if self.added:
            from parley.cli import pipeline_stages

            stages["stages"] = pipeline_stages.packed(self.added)
            filtered = filtered or pipeline_stages.are_filters(self.added)
        stages |= {"denoise_for": "DENOISE_FOR_LISTENERS"} if filtered else {}
        rewritten = [{"source_language": only, "target_language": to} for to in self.translate_to]
        plain = {"models": self.models, "per_channel": self.per_channel}
        return {**stages, **plain, "translate": rewritten}

    def answers(self, server: str, sound: Sound, pieces: AsyncIterable[bytes]) -> AsyncGenerator[Any]:
        """Send the sound; what the pipeline says."""
        return stream(server, "Pipeline", self.config(sound), pieces, resumes=True)


def models_of(given: Iterable[str]) -> dict[str, str]:
    """`whisper@3` is asr's; `denoise=small@1` names the stage."""
    models: dict[str, str] = {}
    for text in given:
        stage, _, model = text.rpartition("=")
        if not model or text.startswith("="):
            raise BadInput(f"--model {text!r} names no model; write e.g. echo@1 or denoise=echo@1.")
        models[stage or "asr"] = model
    return models
