"""The contract itself, linted: comments, names, numbers, shapes."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)
from grpc_tools import protoc

from tests.contract.source import ROOT

PROTOS = ROOT / "protos"
OURS = sorted(path.relative_to(PROTOS).as_posix() for path in PROTOS.glob("parley/v1/*.proto"))
STAGES = sorted(path.parent.name for path in (ROOT / "services").glob("*/stage.py"))
TIMES = re.compile(r"(^|_)(s|ms|us|ns|sec|secs|seconds?|millis|milliseconds|minutes?|time|start|end|duration)$")
SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
FLOATS = (FieldDescriptorProto.TYPE_FLOAT, FieldDescriptorProto.TYPE_DOUBLE)


def compiled(root: Path, *names: str) -> list[FileDescriptorProto]:
    """Files with their comments, as protoc reads them."""
    with TemporaryDirectory() as folder:
        out = f"{folder}/set.pb"
        # protoc brings the well-known types along.
        wellknown = Path(protoc.__file__).parent / "_proto"
        call = ["protoc", f"-I{root}", f"-I{wellknown}", "--include_source_info", f"--descriptor_set_out={out}"]
        assert protoc.main([*call, *names]) == 0
        return list(FileDescriptorSet.FromString(Path(out).read_bytes()).file)


@cache
def ours() -> dict[str, FileDescriptorProto]:
    return {Path(file.name).stem: file for file in compiled(PROTOS, *OURS)}


def messages(file: FileDescriptorProto) -> Iterator[DescriptorProto]:
    """Every message, nested ones too; not the entries of maps."""
    waiting = list(file.message_type)
    while waiting:
        message = waiting.pop()
        waiting.extend(each for each in message.nested_type if not each.options.map_entry)
        yield message


def enums(file: FileDescriptorProto) -> list[EnumDescriptorProto]:
    return [*file.enum_type, *(each for message in messages(file) for each in message.enum_type)]


def uncommented(file: FileDescriptorProto) -> Iterator[str]:
    """Messages, fields, enums, values, services and methods without a word about them."""
    said = {tuple(place.path): place.leading_comments.strip() for place in file.source_code_info.location}
    kinds = {4: "message_type", 5: "enum_type", 6: "service"}
    inner = {4: ((2, "field"), (3, "nested_type"), (4, "enum_type")), 5: ((2, "value"),), 6: ((2, "method"),)}

    def look(kind: int, path: tuple[int, ...], node: object) -> Iterator[str]:
        if not said.get(path):
            yield f"{file.name}: {getattr(node, 'name', '')}"
        for number, attribute in inner.get(kind, ()):
            for at, child in enumerate(getattr(node, attribute)):
                if attribute == "nested_type" and child.options.map_entry:
                    continue
                deeper = {"nested_type": 4, "enum_type": 5}.get(attribute, 0)
                yield from look(deeper, (*path, number, at), child)

    for number, attribute in kinds.items():
        for at, node in enumerate(getattr(file, attribute)):
            yield from look(number, (number, at), node)


def complaints(file: FileDescriptorProto) -> Iterator[str]:
    """Everything that is wrong with one file."""
    yield from uncommented(file)
    if file.package != "parley.v1":
        yield f"{file.name}: the package is {file.package}"
    for message in messages(file):
        yield from _fields(message)
    for enum in enums(file):
        prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", enum.name).upper() + "_"
        if (enum.value[0].name, enum.value[0].number) != (f"{prefix}UNSPECIFIED", 0):
            yield f"{enum.name}: zero is not {prefix}UNSPECIFIED"
        yield from (f"{enum.name}: {v.name} lacks {prefix}" for v in enum.value if not v.name.startswith(prefix))
    for service in file.service:
        for method in service.method:
            stem = service.name + ("" if method.name == "Stream" else method.name)
            types = [each.rpartition(".")[2] for each in (method.input_type, method.output_type)]
            if types != [f"{stem}Request", f"{stem}Response"]:
                yield f"{service.name}.{method.name} goes from {types[0]} to {types[1]}"


def _fields(message: DescriptorProto) -> Iterator[str]:
    numbers = [field.number for field in message.field]
    if len(set(numbers)) < len(numbers):
        yield f"{message.name}: a number is used twice"
    for field in message.field:
        if not SNAKE.fullmatch(field.name):
            yield f"{message.name}.{field.name} is not snake_case"
        if field.type in FLOATS and TIMES.search(field.name):
            yield f"{message.name}.{field.name} is a time in a float; use Duration or sample offsets"


@pytest.mark.parametrize("name", sorted(Path(each).stem for each in OURS))
def test_our_protos_are_clean(name: str) -> None:
    """Every part has a comment and a name in our style, and no time is a bare float."""
    assert list(complaints(ours()[name])) == []


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_has_one_shape(stage: str) -> None:
    """One service, one bidirectional `Stream`; the request is one of config, audio or text, and control."""
    file = ours()[stage]
    assert [service.name for service in file.service] == [stage.capitalize()]
    (method,) = file.service[0].method
    assert (method.name, method.client_streaming, method.server_streaming) == ("Stream", True, True)
    request = next(each for each in file.message_type if each.name == f"{stage.capitalize()}Request")
    assert [each.name for each in request.oneof_decl] == ["message"]
    assert all(field.HasField("oneof_index") for field in request.field)
    assert {field.name for field in request.field} in ({"config", "audio", "control"}, {"config", "text", "control"})
    answer = next(each for each in file.message_type if each.name == f"{stage.capitalize()}Response")
    assert next((each.name, each.number) for each in answer.field) == ("opened", 1)


def test_audio_and_text_never_share_a_number() -> None:
    """Text sent to an audio stage must not be read as sound, nor the other way round."""
    numbers: dict[str, set[int]] = {"audio": set(), "text": set()}
    for stage in STAGES:
        for message in messages(ours()[stage]):
            if message.name.endswith("Request"):
                for field in message.field:
                    numbers.get(field.name, set()).add(field.number)
    assert not numbers["audio"] & numbers["text"]


def test_sound_has_a_track() -> None:
    """A later source-separation stage finds its place in every piece of audio."""
    chunk = next(each for each in ours()["audio"].message_type if each.name == "AudioChunk")
    assert "track" in [field.name for field in chunk.field]


BAD = """
syntax = "proto3";
package parley.v2;
message Thing {
  float start_ms = 1;
  // Fine.
  string badName = 2;
}
// Fine.
enum Kind {
  // Fine.
  NONE = 0;
}
// Fine.
service Do {
  // Fine.
  rpc It(Thing) returns (Thing);
}
"""


def test_a_bad_proto_is_found(tmp_path: Path) -> None:
    """The lint is not blind: each planted fault is reported."""
    (tmp_path / "bad.proto").write_text(BAD)
    found = "\n".join(complaints(compiled(tmp_path, "bad.proto")[0]))
    assert "bad.proto: Thing" in found
    assert "bad.proto: start_ms" in found
    for fault in ("parley.v2", "badName is not", "start_ms is a time", "KIND_UNSPECIFIED", "Do.It goes"):
        assert fault in found
