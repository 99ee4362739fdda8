"""Stages' configs <-> one pipeline's config. Must not know what a config says."""

from collections.abc import Iterable, Iterator
from typing import Any

from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.message import DecodeError, Message

from parley.errors import BadInput
from parley.nearest import advice
from parley.v1.pipeline_pb2 import PipelineConfig, StageEvent
from parley.wire.stages import STAGES, StageContract

# Stages that have a field of their own; the others stand in `stages`.
FIELDS = tuple(name for name in STAGES if name in PipelineConfig.DESCRIPTOR.fields_by_name)
_BY_CONFIG = {stage.config.DESCRIPTOR.full_name: stage for stage in STAGES.values()}
# Stages of sound that clients know only from their protos: endpoints are made for them, not written.
ADDED = [stage for stage in STAGES.values() if stage.name not in FIELDS and not stage.is_rewriter]


def pipeline_config(configs: Iterable[Message], **more: Any) -> PipelineConfig:
    """A pipeline of the stages that these configs are for; filters other than denoise in this order."""
    asked = PipelineConfig(**more)
    for config in configs:
        stage = _BY_CONFIG.get(config.DESCRIPTOR.full_name)
        if stage is None or stage.name not in FIELDS:
            asked.stages.add().Pack(config)
        elif PipelineConfig.DESCRIPTOR.fields_by_name[stage.name].is_repeated:
            getattr(asked, stage.name).add().CopyFrom(config)
        else:
            getattr(asked, stage.name).CopyFrom(config)
            getattr(asked, stage.name).SetInParent()
    return asked


def configs_of(config: PipelineConfig) -> Iterator[tuple[StageContract, Message]]:
    """Every stage that a pipeline asks for, with its config; those that have a field first."""
    for name in FIELDS:
        if PipelineConfig.DESCRIPTOR.fields_by_name[name].is_repeated:
            yield from ((STAGES[name], each) for each in getattr(config, name))
        elif config.HasField(name):
            yield STAGES[name], getattr(config, name)
    for packed in config.stages:
        stage = _stage_of(packed)
        try:
            yield stage, stage.config.FromString(packed.value)
        except DecodeError:
            raise BadInput(f"`stages` holds bytes that are no {packed.TypeName()}.") from None


def _stage_of(packed: Packed) -> StageContract:
    if (stage := _BY_CONFIG.get(packed.TypeName())) is None:
        known = [name for name, each in _BY_CONFIG.items() if each.name not in FIELDS]
        hint = advice(packed.TypeName(), known, "the configs that may stand there: {}.")
        raise BadInput(f"`stages` holds a {packed.TypeName() or 'message without a type'}; {hint}")
    if stage.name in FIELDS:
        raise BadInput(f"`stages` holds a {packed.TypeName()}; write it in the config's own field `{stage.name}`.")
    return stage


def stage_event(stage: str, kind: str, event: Message) -> StageEvent:
    """An event of a stage that the pipeline has no field for."""
    packed = StageEvent(stage=stage, kind=kind, track=getattr(event, "track", ""))
    packed.event.Pack(event)
    return packed
