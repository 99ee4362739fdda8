"""`--with STAGE[=JSON]`: stages that a pipeline's config has no field for. Must not know any stage by name.

Loads protobuf, so it is imported only where the option is used.
"""

import json
from collections.abc import Iterable
from typing import Any

from google.protobuf import json_format
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.message import Message

from parley.errors import BadInput
from parley.nearest import advice
from parley.wire.pipeline import FIELDS
from parley.wire.stages import STAGES, StageContract


def packed(given: Iterable[str]) -> list[Packed]:
    """Each stage's config, as a pipeline's `stages` holds it."""
    found = []
    for text in given:
        found.append(Packed())
        found[-1].Pack(_config(text))
    return found


def are_filters(given: Iterable[str]) -> bool:
    """Whether one of them changes the sound."""
    return any(_stage(text).is_filter for text in given)


def _config(text: str) -> Message:
    stage = _stage(text)
    try:
        return json_format.ParseDict(_fields(text), stage.config())
    except json_format.ParseError as error:
        raise BadInput(f"--with {text!r} is no {stage.config.DESCRIPTOR.full_name}: {error}") from None


def _stage(text: str) -> StageContract:
    name = text.partition("=")[0]
    if name in FIELDS:
        raise BadInput(f"--with {name!r}: {name} has options of its own; --help shows them.")
    if name not in STAGES:
        known = [each for each in STAGES if each not in FIELDS]
        raise BadInput(f"--with {name!r} names no stage; {advice(name, known, 'the stages that it takes: {}.')}")
    return STAGES[name]


def _fields(text: str) -> dict[str, Any]:
    _, is_given, value = text.partition("=")
    try:
        fields = json.loads(value) if is_given else {}
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise BadInput(
            f'--with {text!r} has no JSON object after its =; write e.g. {text.partition("=")[0]}={{"gain": 2}}.'
        )
    return fields
