from parley.v1 import audio_pb2 as _audio_pb2
from parley.v1 import rule_pb2 as _rule_pb2
from parley.v1 import stage_pb2 as _stage_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DiarizeRequest(_message.Message):
    __slots__ = ("config", "audio", "control")
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    AUDIO_FIELD_NUMBER: _ClassVar[int]
    CONTROL_FIELD_NUMBER: _ClassVar[int]
    config: DiarizeConfig
    audio: _audio_pb2.AudioChunk
    control: _audio_pb2.Control
    def __init__(self, config: _Optional[_Union[DiarizeConfig, _Mapping]] = ..., audio: _Optional[_Union[_audio_pb2.AudioChunk, _Mapping]] = ..., control: _Optional[_Union[_audio_pb2.Control, _Mapping]] = ...) -> None: ...

class Voiceprint(_message.Message):
    __slots__ = ("model", "values")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    model: str
    values: bytes
    def __init__(self, model: _Optional[str] = ..., values: _Optional[bytes] = ...) -> None: ...

class Enrolment(_message.Message):
    __slots__ = ("name", "audio", "voiceprint")
    NAME_FIELD_NUMBER: _ClassVar[int]
    AUDIO_FIELD_NUMBER: _ClassVar[int]
    VOICEPRINT_FIELD_NUMBER: _ClassVar[int]
    name: str
    audio: bytes
    voiceprint: Voiceprint
    def __init__(self, name: _Optional[str] = ..., audio: _Optional[bytes] = ..., voiceprint: _Optional[_Union[Voiceprint, _Mapping]] = ...) -> None: ...

class DiarizeConfig(_message.Message):
    __slots__ = ("format", "max_speakers", "enrolments", "open_turns", "voices", "report_voiceprints")
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    MAX_SPEAKERS_FIELD_NUMBER: _ClassVar[int]
    ENROLMENTS_FIELD_NUMBER: _ClassVar[int]
    OPEN_TURNS_FIELD_NUMBER: _ClassVar[int]
    VOICES_FIELD_NUMBER: _ClassVar[int]
    REPORT_VOICEPRINTS_FIELD_NUMBER: _ClassVar[int]
    format: _audio_pb2.AudioFormat
    max_speakers: int
    enrolments: _containers.RepeatedCompositeFieldContainer[Enrolment]
    open_turns: bool
    voices: _containers.RepeatedScalarFieldContainer[str]
    report_voiceprints: bool
    def __init__(self, format: _Optional[_Union[_audio_pb2.AudioFormat, _Mapping]] = ..., max_speakers: _Optional[int] = ..., enrolments: _Optional[_Iterable[_Union[Enrolment, _Mapping]]] = ..., open_turns: bool = ..., voices: _Optional[_Iterable[str]] = ..., report_voiceprints: bool = ...) -> None: ...

class Enrolled(_message.Message):
    __slots__ = ("name", "voiceprint")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VOICEPRINT_FIELD_NUMBER: _ClassVar[int]
    name: str
    voiceprint: Voiceprint
    def __init__(self, name: _Optional[str] = ..., voiceprint: _Optional[_Union[Voiceprint, _Mapping]] = ...) -> None: ...

class Turn(_message.Message):
    __slots__ = ("id", "speaker", "interval", "confidence", "track", "is_open")
    ID_FIELD_NUMBER: _ClassVar[int]
    SPEAKER_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    TRACK_FIELD_NUMBER: _ClassVar[int]
    IS_OPEN_FIELD_NUMBER: _ClassVar[int]
    id: str
    speaker: str
    interval: _audio_pb2.Interval
    confidence: float
    track: str
    is_open: bool
    def __init__(self, id: _Optional[str] = ..., speaker: _Optional[str] = ..., interval: _Optional[_Union[_audio_pb2.Interval, _Mapping]] = ..., confidence: _Optional[float] = ..., track: _Optional[str] = ..., is_open: bool = ...) -> None: ...

class Revision(_message.Message):
    __slots__ = ("turns", "withdrawn_ids", "is_whole")
    TURNS_FIELD_NUMBER: _ClassVar[int]
    WITHDRAWN_IDS_FIELD_NUMBER: _ClassVar[int]
    IS_WHOLE_FIELD_NUMBER: _ClassVar[int]
    turns: _containers.RepeatedCompositeFieldContainer[Turn]
    withdrawn_ids: _containers.RepeatedScalarFieldContainer[str]
    is_whole: bool
    def __init__(self, turns: _Optional[_Iterable[_Union[Turn, _Mapping]]] = ..., withdrawn_ids: _Optional[_Iterable[str]] = ..., is_whole: bool = ...) -> None: ...

class DiarizeResponse(_message.Message):
    __slots__ = ("opened", "turn", "revision", "enrolled")
    OPENED_FIELD_NUMBER: _ClassVar[int]
    TURN_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    ENROLLED_FIELD_NUMBER: _ClassVar[int]
    opened: _audio_pb2.Opened
    turn: Turn
    revision: Revision
    enrolled: Enrolled
    def __init__(self, opened: _Optional[_Union[_audio_pb2.Opened, _Mapping]] = ..., turn: _Optional[_Union[Turn, _Mapping]] = ..., revision: _Optional[_Union[Revision, _Mapping]] = ..., enrolled: _Optional[_Union[Enrolled, _Mapping]] = ...) -> None: ...
