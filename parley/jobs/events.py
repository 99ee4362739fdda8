"""What a pipeline said of a recording, as a file: one message behind the other. Must not know what they say."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from google.protobuf import proto

from parley.v1.pipeline_pb2 import PipelineResponse


def write(answer: PipelineResponse, file: BinaryIO) -> None:
    """One more."""
    out: Any = file  # the stubs ask for a BytesIO
    proto.serialize_length_prefixed(answer, out)


def read(path: Path) -> Iterator[PipelineResponse]:
    """All of them, in order."""
    with path.open("rb") as opened:
        file: Any = opened
        while (answer := proto.parse_length_prefixed(PipelineResponse, file)) is not None:
            yield answer
