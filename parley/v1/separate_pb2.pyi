from parley.v1 import audio_pb2 as _audio_pb2
from parley.v1 import rule_pb2 as _rule_pb2
from parley.v1 import stage_pb2 as _stage_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class InputProblem(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INPUT_PROBLEM_UNSPECIFIED: _ClassVar[InputProblem]
    INPUT_PROBLEM_LOW_RATE: _ClassVar[InputProblem]
    INPUT_PROBLEM_CLIPPED: _ClassVar[InputProblem]
    INPUT_PROBLEM_SILENT: _ClassVar[InputProblem]
    INPUT_PROBLEM_MONO: _ClassVar[InputProblem]
INPUT_PROBLEM_UNSPECIFIED: InputProblem
INPUT_PROBLEM_LOW_RATE: InputProblem
INPUT_PROBLEM_CLIPPED: InputProblem
INPUT_PROBLEM_SILENT: InputProblem
INPUT_PROBLEM_MONO: InputProblem

class SeparateRequest(_message.Message):
    __slots__ = ("config", "audio", "control")
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    AUDIO_FIELD_NUMBER: _ClassVar[int]
    CONTROL_FIELD_NUMBER: _ClassVar[int]
    config: SeparateConfig
    audio: _audio_pb2.AudioChunk
    control: _audio_pb2.Control
    def __init__(self, config: _Optional[_Union[SeparateConfig, _Mapping]] = ..., audio: _Optional[_Union[_audio_pb2.AudioChunk, _Mapping]] = ..., control: _Optional[_Union[_audio_pb2.Control, _Mapping]] = ...) -> None: ...

class SeparateConfig(_message.Message):
    __slots__ = ("format", "track", "others", "keep_channels", "refuse")
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    TRACK_FIELD_NUMBER: _ClassVar[int]
    OTHERS_FIELD_NUMBER: _ClassVar[int]
    KEEP_CHANNELS_FIELD_NUMBER: _ClassVar[int]
    REFUSE_FIELD_NUMBER: _ClassVar[int]
    format: _audio_pb2.AudioFormat
    track: str
    others: bool
    keep_channels: bool
    refuse: _containers.RepeatedScalarFieldContainer[InputProblem]
    def __init__(self, format: _Optional[_Union[_audio_pb2.AudioFormat, _Mapping]] = ..., track: _Optional[str] = ..., others: bool = ..., keep_channels: bool = ..., refuse: _Optional[_Iterable[_Union[InputProblem, str]]] = ...) -> None: ...

class TrackQuality(_message.Message):
    __slots__ = ("name", "level_dbfs", "snr_db", "sdr_db")
    NAME_FIELD_NUMBER: _ClassVar[int]
    LEVEL_DBFS_FIELD_NUMBER: _ClassVar[int]
    SNR_DB_FIELD_NUMBER: _ClassVar[int]
    SDR_DB_FIELD_NUMBER: _ClassVar[int]
    name: str
    level_dbfs: float
    snr_db: float
    sdr_db: float
    def __init__(self, name: _Optional[str] = ..., level_dbfs: _Optional[float] = ..., snr_db: _Optional[float] = ..., sdr_db: _Optional[float] = ...) -> None: ...

class SeparationQuality(_message.Message):
    __slots__ = ("interval", "consistency_db", "tracks", "clipped_share", "silent", "problems", "track")
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_DB_FIELD_NUMBER: _ClassVar[int]
    TRACKS_FIELD_NUMBER: _ClassVar[int]
    CLIPPED_SHARE_FIELD_NUMBER: _ClassVar[int]
    SILENT_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    TRACK_FIELD_NUMBER: _ClassVar[int]
    interval: _audio_pb2.Interval
    consistency_db: float
    tracks: _containers.RepeatedCompositeFieldContainer[TrackQuality]
    clipped_share: float
    silent: bool
    problems: _containers.RepeatedScalarFieldContainer[InputProblem]
    track: str
    def __init__(self, interval: _Optional[_Union[_audio_pb2.Interval, _Mapping]] = ..., consistency_db: _Optional[float] = ..., tracks: _Optional[_Iterable[_Union[TrackQuality, _Mapping]]] = ..., clipped_share: _Optional[float] = ..., silent: bool = ..., problems: _Optional[_Iterable[_Union[InputProblem, str]]] = ..., track: _Optional[str] = ...) -> None: ...

class SeparateResponse(_message.Message):
    __slots__ = ("opened", "audio", "other", "separation")
    OPENED_FIELD_NUMBER: _ClassVar[int]
    AUDIO_FIELD_NUMBER: _ClassVar[int]
    OTHER_FIELD_NUMBER: _ClassVar[int]
    SEPARATION_FIELD_NUMBER: _ClassVar[int]
    opened: _audio_pb2.Opened
    audio: _audio_pb2.AudioChunk
    other: _audio_pb2.Track
    separation: SeparationQuality
    def __init__(self, opened: _Optional[_Union[_audio_pb2.Opened, _Mapping]] = ..., audio: _Optional[_Union[_audio_pb2.AudioChunk, _Mapping]] = ..., other: _Optional[_Union[_audio_pb2.Track, _Mapping]] = ..., separation: _Optional[_Union[SeparationQuality, _Mapping]] = ...) -> None: ...
