"""A pipeline without the behaviours that its caller does not have, and what the client is told of that. Pure.

A stage is left out only where there is something else that was asked for: words stay when their speakers go.
"""

from collections.abc import Callable, Iterator

from parley.v1.pipeline_pb2 import DenoiseFor, Notice, PipelineConfig
from parley.wire.pipeline import configs_of
from parley.wire.stages import STAGES

OFF = "FEATURE_OFF"
LISTENERS, BOTH, CLIENT = (getattr(DenoiseFor, f"DENOISE_FOR_{name}") for name in ("LISTENERS", "BOTH", "CLIENT"))


def without(config: PipelineConfig, has: Callable[[str], bool]) -> list[Notice]:
    """Changes the config; what is left out, and what is done instead."""
    return list(_without(config, has))


def _without(config: PipelineConfig, has: Callable[[str], bool]) -> Iterator[Notice]:
    if config.HasField("denoise") and config.denoise_for in (LISTENERS, BOTH) and not has("denoise"):
        _recognise_raw(config)
        yield _notice("denoise", "What is recognised is the sound as it came.")
    if config.HasField("diarize") and config.HasField("asr") and not has("diarize"):
        _leave_out(config, "diarize")
        yield _notice("diarize", STAGES["diarize"].traits.notices.instead)
    if config.translate and not has("translate"):
        _leave_out(config, "translate")
        yield _notice("translate", STAGES["translate"].traits.notices.instead)


def _recognise_raw(config: PipelineConfig) -> None:
    """The client's cleaned sound, where it wants that too, stays, as far as no other filter needs the same."""
    others = any(stage.is_filter and stage.name != "denoise" for stage, _ in configs_of(config))
    if config.denoise_for == BOTH and not others:
        config.denoise_for = CLIENT
        return
    _leave_out(config, "denoise")
    if not others:
        config.ClearField("denoise_for")


def _leave_out(config: PipelineConfig, stage: str) -> None:
    config.ClearField(stage)
    config.models.pop(stage, None)


def _notice(stage: str, instead: str) -> Notice:
    return Notice(stage=stage, reason=OFF, message=f"{stage} is off for this session. {instead}")
