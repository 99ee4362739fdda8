"""Whether a request's fields hold what their protos allow (parley/v1/rule.proto). Must not know what they mean."""

import math
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from parley.errors import BadInput
from parley.v1 import rule_pb2
from parley.v1.rule_pb2 import FieldRule

LONGEST, MOST_ENTRIES, LONGEST_S = 1_000, 1_000, 86_400.0  # without a rule: characters, entries, seconds
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
SHOWN = 40  # characters of what was wrong
REALS = (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT)
NUMBERS = (
    *REALS,
    FieldDescriptor.CPPTYPE_INT32,
    FieldDescriptor.CPPTYPE_INT64,
    FieldDescriptor.CPPTYPE_UINT32,
    FieldDescriptor.CPPTYPE_UINT64,
)


def check(message: Message) -> None:
    """Refuse the first field, however deep, that holds what it must not."""
    for wrong in _wrong(message, ""):
        raise BadInput(wrong)


def _wrong(message: Message, where: str) -> Iterator[str]:
    for field, value in message.ListFields():
        name, rule, values = f"{where}{field.name}", _rule(field), _entries(field, value)
        most = rule.entries or MOST_ENTRIES
        if field.is_repeated and len(values) > most:
            yield f"`{name}` has {len(values)} entries; send at most {most}."
        for each in values:
            yield from _of(field, each, rule, name)


@cache
def _rule(field: FieldDescriptor) -> FieldRule:
    """Options are copied whenever they are asked for, and a glossary has ten thousand entries."""
    rule: FieldRule = field.GetOptions().Extensions[rule_pb2.rule]  # type: ignore[index]
    return rule


def _entries(field: FieldDescriptor, value: Any) -> list[Any]:
    if not field.is_repeated:
        return [value]
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return [each for pair in value.items() for each in pair]
    return list(value)


def _of(field: FieldDescriptor, value: Any, rule: FieldRule, name: str) -> Iterator[str]:
    if isinstance(value, Duration):
        yield from _number(_seconds(value), rule, name, " s", LONGEST_S)
    elif isinstance(value, Message):
        yield from _wrong(value, f"{name}.")
    elif isinstance(value, str):
        yield from _text(value, rule.longest or LONGEST, name)
    elif isinstance(value, bytes):
        if rule.longest and len(value) > rule.longest:
            yield f"`{name}` has {len(value)} bytes; send at most {rule.longest}."
    elif field.cpp_type in NUMBERS:
        yield from _number(value, rule, name, "", math.inf)


def _seconds(value: Duration) -> float:
    """As its two numbers say: one that is out of all bounds cannot be converted."""
    return float(value.seconds + value.nanos / 1e9)


def _number(value: float, rule: FieldRule, name: str, unit: str, usual: float) -> Iterator[str]:
    least = rule.least if rule.least or rule.most or unit else -math.inf
    most = rule.most or usual
    if not (math.isfinite(value) and least <= value <= most):
        bounds = f"{least:g} to {most:g}{unit}" if math.isfinite(most) else "a finite number"
        yield f"`{name}` is {value:g}{unit}; send {bounds}."


def _text(value: str, longest: int, name: str) -> Iterator[str]:
    if len(value) > longest:
        yield f"`{name}` has {len(value)} characters; send at most {longest}."
    if found := CONTROLS.search(value):
        yield f"`{name}` has the control character {found[0]!r} in {value[:SHOWN]!r}; leave it out."


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
