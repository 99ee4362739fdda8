"""Whatever a stage's config holds, its caller is told what is wrong with it: nothing breaks."""

import importlib
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given
from hypothesis import strategies as st

from parley.engines.model import read_spec
from parley.errors import Code, ParleyError
from parley.wire import rules
from parley.wire.stages import STAGES
from tests.contract.source import ROOT

TEXTS = st.sampled_from(["", "en", "\0", "x" * 5_000, "a.b!" * 40, "\u202e", "\U0010ffff", "de-DE", "../x", "a\nb"])
REALS = st.sampled_from([0.0, -0.0, 1.0, -1.0, 1e38, -1e38, 1e-45, float("nan"), float("inf"), float("-inf")])
OWN_FAULT = (Code.INVALID_ARGUMENT, Code.NOT_FOUND, Code.FAILED_PRECONDITION)
WHOLE = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
    FieldDescriptor.CPPTYPE_ENUM: (-(2**31), 2**31 - 1),
}


def values(field: Any) -> st.SearchStrategy[Any]:
    """The extremes of one field."""
    if field.message_type is not None:
        return messages(GetMessageClass(field.message_type))
    if field.cpp_type in WHOLE:
        least, most = WHOLE[field.cpp_type]
        return st.sampled_from([least, most, 0, 1, 2, 7, 48_000])
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return st.booleans()
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return TEXTS if field.type == FieldDescriptor.TYPE_STRING else st.sampled_from([b"", b"\0", b"\xff" * 999])
    return REALS


def several(field: Any) -> st.SearchStrategy[Any]:
    """The extremes of a list's or a map's entries."""
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return st.dictionaries(*(values(each) for each in field.message_type.fields), max_size=3)
    return st.lists(values(field), max_size=3)


def messages(kind: type[Message]) -> st.SearchStrategy[Message]:
    """Some of its fields at their extremes."""
    each = {field.name: several(field) if field.is_repeated else values(field) for field in kind.DESCRIPTOR.fields}
    return st.fixed_dictionaries({}, optional=each).map(lambda told: kind(**told))


@pytest.mark.parametrize("stage", STAGES)
def test_no_field_breaks_a_stage(stage: str) -> None:
    """The extremes of every field: an open stream, or a refusal that is the caller's own fault."""
    declared = importlib.import_module(f"services.{stage}.stage").STAGE
    spec = read_spec(ROOT / "models/embedded" / stage / "echo/1")
    settings = declared.config(listen="", models=())

    @given(messages(STAGES[stage].config))
    def opened(config: Message) -> None:
        refusal: ParleyError | None = None
        try:
            rules.check(config)
            declared.begin(config, spec, settings)
        except ParleyError as error:
            refusal = error
        assert refusal is None or refusal.code in OWN_FAULT, refusal

    opened()
