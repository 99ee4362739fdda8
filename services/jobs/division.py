"""What each part of a divided job does. Pure.

Words are heard in pieces: whoever recognises a recording begins anew behind every window anyhow. What knows more when
it hears all of a recording (who speaks), or must be one sound (what filters give back), stays whole, as one part more.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from google.protobuf import json_format

from parley.jobs.job import UPLOAD, WHOLE, Job
from parley.jobs.parts import NewPart
from parley.v1.pipeline_pb2 import DenoiseFor, PipelineConfig
from parley.wire.pipeline import FIELDS, configs_of, pipeline_config
from parley.wire.stages import StageContract

LISTENERS = DenoiseFor.DENOISE_FOR_LISTENERS


@dataclass(frozen=True)
class Division:
    """The two kinds of parts of a pipeline; None: there is none of that kind. Without any it cannot be divided."""

    words: PipelineConfig | None
    whole: PipelineConfig | None

    @property
    def filters_words(self) -> bool:
        """Whether the pieces of words are filtered before they are heard."""
        return self.words is not None and any(stage.is_filter for stage, _ in configs_of(self.words))

    def parts(self, job: Job, pieces: Sequence[tuple[float, float]]) -> Iterator[NewPart]:
        """Where each piece begins and how long it is -> what the job goes on as."""
        for start_s, duration_s in pieces:
            yield NewPart(_text(self.words), UPLOAD, start_s, duration_s)
        if self.whole:
            source = WHOLE if job.source == UPLOAD or "://" in job.source else job.source
            yield NewPart(_text(self.whole), source, 0.0, sum(duration_s for _, duration_s in pieces))


def divided(pipeline: str) -> Division:
    """How a pipeline can be divided."""
    asked = json_format.Parse(pipeline, PipelineConfig())
    if asked.redact_sound:
        return Division(None, None)  # whoever gives sound back must know its words
    stages = list(configs_of(asked))
    filters = any(stage.is_filter for stage, _ in stages)
    heard = any(stage.gives_words for stage, _ in stages)
    others = any(stage.is_listener and not stage.gives_words for stage, _ in stages)
    gives_back = filters and (_to_client(asked) or any(getattr(config, "others", False) for _, config in stages))
    filtered = filters and _to_listeners(asked)
    return Division(
        _words(asked, filtered=filtered) if heard else None,
        _whole(asked, filtered=gives_back or (filtered and others)) if others or gives_back else None,
    )


def _to_client(asked: PipelineConfig) -> bool:
    """Whether the filters' sound comes back."""
    given = (DenoiseFor.DENOISE_FOR_CLIENT, DenoiseFor.DENOISE_FOR_BOTH)
    return asked.denoise_for in given or (not asked.denoise_for and not asked.listen_to)


def _to_listeners(asked: PipelineConfig) -> bool:
    """Whether listeners hear it."""
    return bool(asked.listen_to) or asked.denoise_for in (LISTENERS, DenoiseFor.DENOISE_FOR_BOTH)


def _words(asked: PipelineConfig, *, filtered: bool) -> PipelineConfig:
    """Without what listens for anything else, and without sound that comes back."""

    def wanted(stage: StageContract) -> bool:
        return stage.gives_words or stage.is_rewriter or (stage.is_filter and filtered)

    config = _only(asked, wanted)
    config.denoise_for = LISTENERS if filtered and not asked.listen_to else DenoiseFor.DENOISE_FOR_UNSPECIFIED
    if not filtered:
        config.ClearField("listen_to")
    return config


def _whole(asked: PipelineConfig, *, filtered: bool) -> PipelineConfig:
    """Without words, and what is made of them."""

    def wanted(stage: StageContract) -> bool:
        return (stage.is_listener and not stage.gives_words) or (stage.is_filter and filtered)

    config = _only(asked, wanted, tracks=True)
    for name in ("redact", *(() if filtered else ("denoise_for", "listen_to"))):
        config.ClearField(name)
    return config


def _only(asked: PipelineConfig, wanted: Callable[[StageContract], bool], *, tracks: bool = False) -> PipelineConfig:
    """Those stages, and all that is said of the pipeline itself."""
    kept = [(stage, config) for stage, config in configs_of(asked) if wanted(stage)]
    for _, config in kept:
        if not tracks and "others" in config.DESCRIPTOR.fields_by_name:
            config.ClearField("others")  # they are one sound each, so of the whole
    rest = PipelineConfig()
    rest.CopyFrom(asked)
    for name in (*FIELDS, "stages", "models"):
        rest.ClearField(name)
    made = pipeline_config(config for _, config in kept)
    made.MergeFrom(rest)
    for stage, _ in kept:
        if stage.name in asked.models:
            made.models[stage.name] = asked.models[stage.name]
    return made


def _text(config: PipelineConfig | None) -> str:
    return json_format.MessageToJson(config or PipelineConfig(), preserving_proto_field_name=True, indent=None)
