import datetime

from google.protobuf import descriptor_pb2 as _descriptor_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class StageRole(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STAGE_ROLE_UNSPECIFIED: _ClassVar[StageRole]
    STAGE_ROLE_FILTER: _ClassVar[StageRole]
    STAGE_ROLE_LISTENER: _ClassVar[StageRole]
    STAGE_ROLE_REWRITER: _ClassVar[StageRole]

class StageContinuity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STAGE_CONTINUITY_UNSPECIFIED: _ClassVar[StageContinuity]
    STAGE_CONTINUITY_NONE: _ClassVar[StageContinuity]
    STAGE_CONTINUITY_WORDS: _ClassVar[StageContinuity]
    STAGE_CONTINUITY_TURNS: _ClassVar[StageContinuity]
STAGE_ROLE_UNSPECIFIED: StageRole
STAGE_ROLE_FILTER: StageRole
STAGE_ROLE_LISTENER: StageRole
STAGE_ROLE_REWRITER: StageRole
STAGE_CONTINUITY_UNSPECIFIED: StageContinuity
STAGE_CONTINUITY_NONE: StageContinuity
STAGE_CONTINUITY_WORDS: StageContinuity
STAGE_CONTINUITY_TURNS: StageContinuity
STAGE_FIELD_NUMBER: _ClassVar[int]
stage: _descriptor.FieldDescriptor

class StageNotices(_message.Message):
    __slots__ = ("instead", "meanwhile", "back")
    INSTEAD_FIELD_NUMBER: _ClassVar[int]
    MEANWHILE_FIELD_NUMBER: _ClassVar[int]
    BACK_FIELD_NUMBER: _ClassVar[int]
    instead: str
    meanwhile: str
    back: str
    def __init__(self, instead: _Optional[str] = ..., meanwhile: _Optional[str] = ..., back: _Optional[str] = ...) -> None: ...

class StageTraits(_message.Message):
    __slots__ = ("role", "replays", "stall", "recording_stall", "continuity", "notices", "command", "first")
    ROLE_FIELD_NUMBER: _ClassVar[int]
    REPLAYS_FIELD_NUMBER: _ClassVar[int]
    STALL_FIELD_NUMBER: _ClassVar[int]
    RECORDING_STALL_FIELD_NUMBER: _ClassVar[int]
    CONTINUITY_FIELD_NUMBER: _ClassVar[int]
    NOTICES_FIELD_NUMBER: _ClassVar[int]
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    FIRST_FIELD_NUMBER: _ClassVar[int]
    role: StageRole
    replays: bool
    stall: _duration_pb2.Duration
    recording_stall: _duration_pb2.Duration
    continuity: StageContinuity
    notices: StageNotices
    command: str
    first: bool
    def __init__(self, role: _Optional[_Union[StageRole, str]] = ..., replays: bool = ..., stall: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., recording_stall: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., continuity: _Optional[_Union[StageContinuity, str]] = ..., notices: _Optional[_Union[StageNotices, _Mapping]] = ..., command: _Optional[str] = ..., first: bool = ...) -> None: ...
