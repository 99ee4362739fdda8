"""A Riva contract as JSON on stdout: names, numbers, types. Must not know whose.

python -m tests.compat.riva_contract MODULE ...
"""

import importlib
import json
import sys
from typing import Any

from google.protobuf.descriptor import Descriptor


def contract(module: Any) -> dict[str, Any]:
    """Full name -> what is on the wire."""
    file = module.DESCRIPTOR
    told: dict[str, Any] = {
        enum.full_name: {value.number: value.name for value in enum.values} for enum in file.enum_types_by_name.values()
    }
    for message in file.message_types_by_name.values():
        told |= _messages(message)
    for service in file.services_by_name.values():
        for method in service.methods:
            ways = [method.client_streaming, method.server_streaming]
            told[method.full_name] = [method.input_type.full_name, method.output_type.full_name, *ways]
    return told


def _messages(message: Descriptor) -> dict[str, Any]:
    told: dict[str, Any] = {message.full_name: {field.number: _field(field) for field in message.fields}}
    for nested in message.nested_types:
        told |= _messages(nested)
    return told


def _field(field: Any) -> list[Any]:
    kind = field.message_type or field.enum_type
    oneof = field.containing_oneof.name if field.containing_oneof else ""
    return [field.name, field.type, field.is_repeated, kind.full_name if kind else "", oneof]


if __name__ == "__main__":
    print(json.dumps({name: each for m in sys.argv[1:] for name, each in contract(importlib.import_module(m)).items()}))
