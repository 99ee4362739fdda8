"""JSON <-> proto, with the names as the protos spell them. Must not know a socket or what a message means."""

import json
import re
from itertools import islice
from typing import TypeVar

from google.protobuf import descriptor_pool, json_format
from google.protobuf.message import Message

from parley.errors import BadInput, ConfigExpected, ConfigRepeated, FieldInvalid
from parley.nearest import advice
from parley.v1.audio_pb2 import Control, ControlAction
from parley.v1.pipeline_pb2 import End, PipelineConfig, PipelineRequest, PipelineResponse
from parley.wire.stages import STAGES

Kind = TypeVar("Kind", bound=Message)
DEEPEST, WIDEST = 64, 20_000  # objects and lists inside each other, and beside each other
UNKNOWN_FIELD = re.compile(r'Message type "(?P<message>[\w.]+)" has no field named "(?P<field>[^"]*)"')
UNKNOWN_TYPE = re.compile(r"type_url: \S*/(?P<type>[\w.]+)")


FAULTS = (json_format.ParseError, ValueError, TypeError, AttributeError, ArithmeticError, RecursionError)


def first(text: str) -> PipelineRequest:
    """The first text frame: a pipeline's config, or {"resume": ...}."""
    if '"resume"' not in text or (frame := object_of(text, "text frame")).keys() != {"resume"}:
        return PipelineRequest(config=config(text))
    try:
        return _parsed(frame, PipelineRequest)
    except FAULTS as error:
        raise ConfigExpected(_fault(error, PipelineRequest)) from None


def config(text: str) -> PipelineConfig:
    """The pipeline's config alone."""
    try:
        return _parsed(object_of(text, "text frame"), PipelineConfig)
    except FAULTS as error:
        raise ConfigExpected(_fault(error, PipelineConfig)) from None


def stage_config(text: str, kind: type[Kind], field: str = "config") -> Kind:
    """A form's field -> one stage's config, or a pipeline's."""
    return field_config(object_of(text, f"field `{field}`"), kind, field)


def field_config(value: dict[str, object], kind: type[Kind], field: str) -> Kind:
    """The same, where it was read already."""
    try:
        return _parsed(value, kind)
    except FAULTS as error:
        raise FieldInvalid(_fault(error, kind), field=field) from None


def _parsed(value: dict[str, object], kind: type[Kind]) -> Kind:
    parsed = kind()
    json_format.ParseDict(value, parsed)
    return parsed


def _fault(error: Exception, kind: type[Message]) -> str:
    return f"The config is not a {kind.DESCRIPTOR.full_name}: {_line(error)}{_nearest(str(error))}"


def _nearest(complaint: str) -> str:
    """A hint at the nearest known field or type for an unknown one."""
    if found := UNKNOWN_TYPE.search(complaint):
        known = [stage.config.DESCRIPTOR.full_name for stage in STAGES.values()]
        return f" {advice(found['type'], known, 'there are {}.')}"
    if (found := UNKNOWN_FIELD.search(complaint)) is None:
        return ""
    message = descriptor_pool.Default().FindMessageTypeByName(found["message"])
    return f" {advice(found['field'], message.fields_by_name, 'it has {}.')}"


def control(text: str) -> PipelineRequest:
    """A later text frame -> a control, or the end."""
    frame = object_of(text, "text frame")
    if "control" not in frame:
        raise ConfigRepeated(
            'A stream has one config; after it send audio, {"control": "flush"} or {"control": "end"}.'
        )
    if frame == {"control": "end"}:
        return PipelineRequest(end=End())
    if frame == {"control": "flush"}:
        return PipelineRequest(control=Control(action=ControlAction.CONTROL_ACTION_FLUSH))
    raise BadInput(f"The control {frame['control']!r} is not known; say flush or end.")


def object_of(text: str | bytes, what: str) -> dict[str, object]:
    """A JSON object of sound texts, not too deep; raises BadInput that says what is wrong with what."""
    try:
        text = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        value = _STRICT.decode(text)
        if "\\" in text and "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeError:
        wrong = "its text is no Unicode: UTF-8, and both halves of each surrogate pair"
        raise BadInput(f"The {what} is not JSON ({wrong}).") from None
    except (ValueError, RecursionError) as error:
        raise BadInput(f"The {what} is not JSON ({_line(error)}).") from None
    if not isinstance(value, dict):
        raise BadInput(f"The {what} must be a JSON object.")
    if "[" in text or "{" in text[1:]:  # frames of sound have none, and come often
        _check_shape(value, what)
    return value


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number in JSON")


# Made once: to make one takes longer than to read a frame.
_STRICT = json.JSONDecoder(parse_constant=_no_number)


def _check_shape(value: object, what: str) -> None:
    """Level by level: what is nested may be deeper than functions can be, and wider than the loop may wait for."""
    level = [value]
    for _ in range(DEEPEST):
        inner = (each.values() if isinstance(each, dict) else each for each in level if isinstance(each, dict | list))
        nested = (each for values in inner for each in values if isinstance(each, dict | list))
        level = list(islice(nested, WIDEST + 1))
        if not level:
            return
        if len(level) > WIDEST:
            raise BadInput(f"The {what} has more than {WIDEST} lists and objects beside each other; send fewer.")
    raise BadInput(f"The {what} is nested deeper than {DEEPEST} levels; nothing here is.")


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
    numbered = {"sequence": answer.sequence} if answer.sequence else {}
    return json.dumps({"type": kind} | numbered | plain(getattr(answer, kind)), ensure_ascii=False)
