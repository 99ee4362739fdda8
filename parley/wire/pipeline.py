"""Stages' configs -> one pipeline's config. Must not know what a config says."""

from collections.abc import Iterable
from typing import Any

from google.protobuf.message import Message

from parley.v1.pipeline_pb2 import PipelineConfig
from parley.wire.stages import STAGES

# Stages that have a field of their own; the others stand in `stages`.
FIELDS = tuple(name for name in STAGES if name in PipelineConfig.DESCRIPTOR.fields_by_name)
_FIELD_OF = {STAGES[name].config.DESCRIPTOR.full_name: name for name in FIELDS}


def pipeline_config(configs: Iterable[Message], **more: Any) -> PipelineConfig:
    """A pipeline of the stages that these configs are for; filters other than denoise in this order."""
    asked = PipelineConfig(**more)
    for config in configs:
        field = _FIELD_OF.get(config.DESCRIPTOR.full_name)
        if field is None:
            asked.stages.add().Pack(config)
        elif PipelineConfig.DESCRIPTOR.fields_by_name[field].is_repeated:
            getattr(asked, field).add().CopyFrom(config)
        else:
            getattr(asked, field).CopyFrom(config)
            getattr(asked, field).SetInParent()
    return asked
