from google.protobuf import descriptor_pb2 as _descriptor_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor
RULE_FIELD_NUMBER: _ClassVar[int]
rule: _descriptor.FieldDescriptor

class FieldRule(_message.Message):
    __slots__ = ("least", "most", "longest", "entries")
    LEAST_FIELD_NUMBER: _ClassVar[int]
    MOST_FIELD_NUMBER: _ClassVar[int]
    LONGEST_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    least: float
    most: float
    longest: int
    entries: int
    def __init__(self, least: _Optional[float] = ..., most: _Optional[float] = ..., longest: _Optional[int] = ..., entries: _Optional[int] = ...) -> None: ...
