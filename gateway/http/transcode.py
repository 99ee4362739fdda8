"""JSON <-> proto, with the names as the protos spell them. Must not know a socket or what a message means."""

import json
import re

from google.protobuf import descriptor_pool, json_format
from google.protobuf.message import Message

from parley.errors import BadInput, ConfigExpected, ConfigRepeated
from parley.nearest import advice
from parley.v1.audio_pb2 import Control, ControlAction
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineRequest, PipelineResponse
from parley.wire.stages import STAGES

UNKNOWN_FIELD = re.compile(r'Message type "(?P<message>[\w.]+)" has no field named "(?P<field>[^"]*)"')
UNKNOWN_TYPE = re.compile(r"type_url: \S*/(?P<type>[\w.]+)")


def config(text: str) -> PipelineConfig:
    """A text frame -> the pipeline's config."""
    parsed = PipelineConfig()
    try:
        json_format.ParseDict(object_of(text, "text frame"), parsed)
    except (json_format.ParseError, ValueError, TypeError, AttributeError, RecursionError) as error:
        fault = f"{_line(error)}{_nearest(str(error))}"
        raise ConfigExpected(f"The config is not a parley.v1.PipelineConfig: {fault}") from None
    return parsed


def _nearest(complaint: str) -> str:
    """A hint at the nearest known field or type for an unknown one."""
    if found := UNKNOWN_TYPE.search(complaint):
        known = [stage.config.DESCRIPTOR.full_name for stage in STAGES.values()]
        return f" {advice(found['type'], known, 'there are {}.')}"
    if (found := UNKNOWN_FIELD.search(complaint)) is None:
        return ""
    message = descriptor_pool.Default().FindMessageTypeByName(found["message"])
    return f" {advice(found['field'], message.fields_by_name, 'it has {}.')}"


def control(text: str) -> PipelineRequest | None:
    """A later text frame -> a control; None: the audio ends here."""
    frame = object_of(text, "text frame")
    if "control" not in frame:
        raise ConfigRepeated(
            'A stream has one config; after it send audio, {"control": "flush"} or {"control": "end"}.'
        )
    if frame == {"control": "end"}:
        return None
    if frame == {"control": "flush"}:
        return PipelineRequest(control=Control(action=ControlAction.CONTROL_ACTION_FLUSH))
    raise BadInput(f"The control {frame['control']!r} is not known; say flush or end.")


def object_of(text: str | bytes, what: str) -> dict[str, object]:
    """Parses a JSON object; raises BadInput naming what is wrong."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"The {what} is not JSON ({_line(error)}).") from None
    if not isinstance(value, dict):
        raise BadInput(f"The {what} must be a JSON object.")
    return value


def _line(error: Exception) -> str:
    """Protobuf lists every field it knows; the first line says what was wrong."""
    return str(error).partition("\n")[0]


def plain(message: Message) -> dict[str, object]:
    """A message as JSON has it; fields are there even when they are empty."""
    fields: dict[str, object] = json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    return fields


def event(answer: PipelineResponse) -> str:
    """An answer as a text frame."""
    kind = answer.WhichOneof("event") or ""
    return json.dumps({"type": kind} | plain(getattr(answer, kind)), ensure_ascii=False)
