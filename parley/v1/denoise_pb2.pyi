from parley.v1 import audio_pb2 as _audio_pb2
from parley.v1 import rule_pb2 as _rule_pb2
from parley.v1 import stage_pb2 as _stage_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DenoiseRequest(_message.Message):
    __slots__ = ("config", "audio", "control")
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    AUDIO_FIELD_NUMBER: _ClassVar[int]
    CONTROL_FIELD_NUMBER: _ClassVar[int]
    config: DenoiseConfig
    audio: _audio_pb2.AudioChunk
    control: _audio_pb2.Control
    def __init__(self, config: _Optional[_Union[DenoiseConfig, _Mapping]] = ..., audio: _Optional[_Union[_audio_pb2.AudioChunk, _Mapping]] = ..., control: _Optional[_Union[_audio_pb2.Control, _Mapping]] = ...) -> None: ...

class DenoiseConfig(_message.Message):
    __slots__ = ("format", "attenuation_limit_db", "bypass")
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    ATTENUATION_LIMIT_DB_FIELD_NUMBER: _ClassVar[int]
    BYPASS_FIELD_NUMBER: _ClassVar[int]
    format: _audio_pb2.AudioFormat
    attenuation_limit_db: float
    bypass: bool
    def __init__(self, format: _Optional[_Union[_audio_pb2.AudioFormat, _Mapping]] = ..., attenuation_limit_db: _Optional[float] = ..., bypass: bool = ...) -> None: ...

class Quality(_message.Message):
    __slots__ = ("interval", "input_snr_db", "output_snr_db", "clipped_share", "silent", "bandwidth_hz", "track")
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    INPUT_SNR_DB_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_SNR_DB_FIELD_NUMBER: _ClassVar[int]
    CLIPPED_SHARE_FIELD_NUMBER: _ClassVar[int]
    SILENT_FIELD_NUMBER: _ClassVar[int]
    BANDWIDTH_HZ_FIELD_NUMBER: _ClassVar[int]
    TRACK_FIELD_NUMBER: _ClassVar[int]
    interval: _audio_pb2.Interval
    input_snr_db: float
    output_snr_db: float
    clipped_share: float
    silent: bool
    bandwidth_hz: int
    track: str
    def __init__(self, interval: _Optional[_Union[_audio_pb2.Interval, _Mapping]] = ..., input_snr_db: _Optional[float] = ..., output_snr_db: _Optional[float] = ..., clipped_share: _Optional[float] = ..., silent: bool = ..., bandwidth_hz: _Optional[int] = ..., track: _Optional[str] = ...) -> None: ...

class DenoiseResponse(_message.Message):
    __slots__ = ("opened", "audio", "quality")
    OPENED_FIELD_NUMBER: _ClassVar[int]
    AUDIO_FIELD_NUMBER: _ClassVar[int]
    QUALITY_FIELD_NUMBER: _ClassVar[int]
    opened: _audio_pb2.Opened
    audio: _audio_pb2.AudioChunk
    quality: Quality
    def __init__(self, opened: _Optional[_Union[_audio_pb2.Opened, _Mapping]] = ..., audio: _Optional[_Union[_audio_pb2.AudioChunk, _Mapping]] = ..., quality: _Optional[_Union[Quality, _Mapping]] = ...) -> None: ...
