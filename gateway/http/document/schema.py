"""Protobuf descriptors -> JSON Schema, so that the document cannot drift from the protos. Must not know a route."""

from typing import Any, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

Json = dict[str, Any]  # a piece of the document
DURATION: Json = {"type": "string", "pattern": r"^-?\d+(\.\d+)?s$", "examples": ["1.500s"]}
# Any message, with the full name of its type behind a slash.
ANY: Json = {"type": "object", "required": ["@type"], "properties": {"@type": {"type": "string"}}}
WELL_KNOWN = {"google.protobuf.Duration": DURATION, "google.protobuf.Any": ANY}
_INTEGERS = {FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_UINT32}
_LONG = {FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64}
_REALS = {FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE}


def schemas(*roots: type[Message]) -> dict[str, Json]:
    """These messages and all that they hold, by name."""
    found: dict[str, Json] = {}
    waiting = [cast(Descriptor, root.DESCRIPTOR) for root in roots]
    while waiting:
        message = waiting.pop()
        if message.name not in found:
            found[message.name] = _object(message)
            waiting += [each for each in map(_held, message.fields) if each is not None]
    return dict(sorted(found.items()))


def ref(name: str) -> Json:
    """A pointer to a named schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def _object(message: Descriptor) -> Json:
    properties = {field.name: _field(field) for field in message.fields}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _held(field: FieldDescriptor) -> Descriptor | None:
    """The message that a field holds and that needs a schema of its own."""
    kind = field.message_type
    if kind is None or kind.full_name in WELL_KNOWN:
        return None
    return _held(kind.fields_by_name["value"]) if kind.GetOptions().map_entry else kind


def _field(field: FieldDescriptor) -> Json:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return {"type": "object", "additionalProperties": _one(field.message_type.fields_by_name["value"])}
    return {"type": "array", "items": _one(field)} if field.is_repeated else _one(field)


def _one(field: FieldDescriptor) -> Json:
    if field.message_type is not None:
        return WELL_KNOWN.get(field.message_type.full_name) or ref(field.message_type.name)
    if field.enum_type is not None:
        return {"type": "string", "enum": [value.name for value in field.enum_type.values]}
    if field.type == FieldDescriptor.TYPE_BYTES:
        return {"type": "string", "contentEncoding": "base64"}
    return _scalar(field.cpp_type)


def _scalar(kind: int) -> Json:
    if kind in _INTEGERS:
        return {"type": "integer"}
    if kind in _LONG:
        return {"type": "string", "pattern": r"^-?\d+$"}
    if kind in _REALS:
        return {"type": "number"}
    return {"type": "boolean" if kind == FieldDescriptor.CPPTYPE_BOOL else "string"}
