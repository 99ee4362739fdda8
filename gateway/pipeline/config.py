"""What a pipeline's config says, stage by stage; what is not understood is refused, never ignored. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet

from parley.errors import BadInput
from parley.nearest import advice
from parley.v1.pipeline_pb2 import PipelineConfig
from parley.wire import protocol
from parley.wire.pipeline import FIELDS
from parley.wire.stages import STAGES, StageContract

_BY_CONFIG = {stage.config.DESCRIPTOR.full_name: stage for stage in STAGES.values()}


@dataclass(frozen=True)
class Asked:
    """One stream to a stage, and the config that the client wrote for it."""

    stage: StageContract
    config: Message


def asked(config: PipelineConfig) -> list[Asked]:
    """Everything that shall run, in the order in which sound passes it."""
    found = [*_of_fields(config), *_of_list(config)]
    return sorted(found, key=lambda each: each.stage.traits.role)


def _of_fields(config: PipelineConfig) -> Iterator[Asked]:
    for name in FIELDS:
        if PipelineConfig.DESCRIPTOR.fields_by_name[name].is_repeated:
            yield from (Asked(STAGES[name], each) for each in getattr(config, name))
        elif config.HasField(name):
            yield Asked(STAGES[name], getattr(config, name))


def _of_list(config: PipelineConfig) -> Iterator[Asked]:
    for packed in config.stages:
        stage = _stage_of(packed)
        try:
            yield Asked(stage, stage.config.FromString(packed.value))
        except DecodeError:
            raise BadInput(f"`stages` holds bytes that are no {packed.TypeName()}.") from None


def _stage_of(packed: Packed) -> StageContract:
    if (stage := _BY_CONFIG.get(packed.TypeName())) is None:
        known = [name for name, each in _BY_CONFIG.items() if each.name not in FIELDS]
        told = advice(packed.TypeName(), known, "the configs that may stand there: {}.")
        raise BadInput(f"`stages` holds a {packed.TypeName() or 'message without a type'}; {told}")
    if stage.name in FIELDS:
        raise BadInput(f"`stages` holds a {packed.TypeName()}; write it in the config's own field `{stage.name}`.")
    return stage


def pinned(config: PipelineConfig, metadata: Mapping[str, str]) -> Mapping[str, str]:
    """A header that names a model without its stage means the only stage that runs."""
    if not (model := metadata.get(protocol.MODEL)):
        return metadata
    names = list(dict.fromkeys(each.stage.name for each in asked(config)))
    if len(names) > 1:
        raise BadInput(f"`{protocol.MODEL}` could mean {' or '.join(names)}; send `{protocol.MODEL}-{names[0]}`.")
    return {**metadata, **{f"{protocol.MODEL}-{name}": model for name in names}}


def check_known(message: Message, where: str = "config") -> None:
    """Refuse fields that our protos do not have: a newer client asks for something that would not be done."""
    if unknown := list(UnknownFieldSet(message)):  # type: ignore[call-overload]
        fields = ", ".join(f"{field.name} = {field.number}" for field in message.DESCRIPTOR.fields)
        numbers = ", ".join(sorted({str(each.field_number) for each in unknown}))
        kind = message.DESCRIPTOR.full_name
        raise BadInput(f"`{where}` has the field number {numbers}, which {kind} does not know; it has {fields}.")
    for field, value in message.ListFields():
        for each in _messages(field, value):
            check_known(each, f"{where}.{field.name}")


def _messages(field: FieldDescriptor, value: object) -> Iterator[Message]:
    if isinstance(value, Message):
        yield value
    elif field.message_type is not None and not field.message_type.GetOptions().map_entry:
        yield from value  # type: ignore[misc]
