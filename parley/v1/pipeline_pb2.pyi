import datetime

from google.protobuf import any_pb2 as _any_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from parley.v1 import asr_pb2 as _asr_pb2
from parley.v1 import audio_pb2 as _audio_pb2
from parley.v1 import denoise_pb2 as _denoise_pb2
from parley.v1 import diarize_pb2 as _diarize_pb2
from parley.v1 import rule_pb2 as _rule_pb2
from parley.v1 import translate_pb2 as _translate_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DenoiseFor(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DENOISE_FOR_UNSPECIFIED: _ClassVar[DenoiseFor]
    DENOISE_FOR_CLIENT: _ClassVar[DenoiseFor]
    DENOISE_FOR_LISTENERS: _ClassVar[DenoiseFor]
    DENOISE_FOR_BOTH: _ClassVar[DenoiseFor]

class RedactSound(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REDACT_SOUND_UNSPECIFIED: _ClassVar[RedactSound]
    REDACT_SOUND_TONE: _ClassVar[RedactSound]
    REDACT_SOUND_SILENCE: _ClassVar[RedactSound]
DENOISE_FOR_UNSPECIFIED: DenoiseFor
DENOISE_FOR_CLIENT: DenoiseFor
DENOISE_FOR_LISTENERS: DenoiseFor
DENOISE_FOR_BOTH: DenoiseFor
REDACT_SOUND_UNSPECIFIED: RedactSound
REDACT_SOUND_TONE: RedactSound
REDACT_SOUND_SILENCE: RedactSound

class Received(_message.Message):
    __slots__ = ("messages",)
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    messages: int
    def __init__(self, messages: _Optional[int] = ...) -> None: ...

class PipelineRequest(_message.Message):
    __slots__ = ("config", "audio", "control", "resume", "end")
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    AUDIO_FIELD_NUMBER: _ClassVar[int]
    CONTROL_FIELD_NUMBER: _ClassVar[int]
    RESUME_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    config: PipelineConfig
    audio: _audio_pb2.AudioChunk
    control: _audio_pb2.Control
    resume: Resume
    end: End
    def __init__(self, config: _Optional[_Union[PipelineConfig, _Mapping]] = ..., audio: _Optional[_Union[_audio_pb2.AudioChunk, _Mapping]] = ..., control: _Optional[_Union[_audio_pb2.Control, _Mapping]] = ..., resume: _Optional[_Union[Resume, _Mapping]] = ..., end: _Optional[_Union[End, _Mapping]] = ...) -> None: ...

class End(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Resume(_message.Message):
    __slots__ = ("session", "after")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    session: str
    after: int
    def __init__(self, session: _Optional[str] = ..., after: _Optional[int] = ...) -> None: ...

class Resumed(_message.Message):
    __slots__ = ("received",)
    RECEIVED_FIELD_NUMBER: _ClassVar[int]
    received: int
    def __init__(self, received: _Optional[int] = ...) -> None: ...

class PipelineConfig(_message.Message):
    __slots__ = ("format", "denoise", "denoise_for", "asr", "diarize", "translate", "models", "listen_to", "per_channel", "stages", "redact", "resumable", "redact_sound")
    class ModelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    DENOISE_FIELD_NUMBER: _ClassVar[int]
    DENOISE_FOR_FIELD_NUMBER: _ClassVar[int]
    ASR_FIELD_NUMBER: _ClassVar[int]
    DIARIZE_FIELD_NUMBER: _ClassVar[int]
    TRANSLATE_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    LISTEN_TO_FIELD_NUMBER: _ClassVar[int]
    PER_CHANNEL_FIELD_NUMBER: _ClassVar[int]
    STAGES_FIELD_NUMBER: _ClassVar[int]
    REDACT_FIELD_NUMBER: _ClassVar[int]
    RESUMABLE_FIELD_NUMBER: _ClassVar[int]
    REDACT_SOUND_FIELD_NUMBER: _ClassVar[int]
    format: _audio_pb2.AudioFormat
    denoise: _denoise_pb2.DenoiseConfig
    denoise_for: DenoiseFor
    asr: _asr_pb2.AsrConfig
    diarize: _diarize_pb2.DiarizeConfig
    translate: _containers.RepeatedCompositeFieldContainer[_translate_pb2.TranslateConfig]
    models: _containers.ScalarMap[str, str]
    listen_to: str
    per_channel: bool
    stages: _containers.RepeatedCompositeFieldContainer[_any_pb2.Any]
    redact: _containers.RepeatedScalarFieldContainer[str]
    resumable: _duration_pb2.Duration
    redact_sound: RedactSound
    def __init__(self, format: _Optional[_Union[_audio_pb2.AudioFormat, _Mapping]] = ..., denoise: _Optional[_Union[_denoise_pb2.DenoiseConfig, _Mapping]] = ..., denoise_for: _Optional[_Union[DenoiseFor, str]] = ..., asr: _Optional[_Union[_asr_pb2.AsrConfig, _Mapping]] = ..., diarize: _Optional[_Union[_diarize_pb2.DiarizeConfig, _Mapping]] = ..., translate: _Optional[_Iterable[_Union[_translate_pb2.TranslateConfig, _Mapping]]] = ..., models: _Optional[_Mapping[str, str]] = ..., listen_to: _Optional[str] = ..., per_channel: bool = ..., stages: _Optional[_Iterable[_Union[_any_pb2.Any, _Mapping]]] = ..., redact: _Optional[_Iterable[str]] = ..., resumable: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., redact_sound: _Optional[_Union[RedactSound, str]] = ...) -> None: ...

class PipelineOpened(_message.Message):
    __slots__ = ("models", "format", "session")
    class ModelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    MODELS_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    models: _containers.ScalarMap[str, str]
    format: _audio_pb2.AudioFormat
    session: str
    def __init__(self, models: _Optional[_Mapping[str, str]] = ..., format: _Optional[_Union[_audio_pb2.AudioFormat, _Mapping]] = ..., session: _Optional[str] = ...) -> None: ...

class Notice(_message.Message):
    __slots__ = ("stage", "reason", "message", "interval", "track")
    STAGE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    TRACK_FIELD_NUMBER: _ClassVar[int]
    stage: str
    reason: str
    message: str
    interval: _audio_pb2.Interval
    track: str
    def __init__(self, stage: _Optional[str] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ..., interval: _Optional[_Union[_audio_pb2.Interval, _Mapping]] = ..., track: _Optional[str] = ...) -> None: ...

class StageEvent(_message.Message):
    __slots__ = ("stage", "kind", "event", "track")
    STAGE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    TRACK_FIELD_NUMBER: _ClassVar[int]
    stage: str
    kind: str
    event: _any_pb2.Any
    track: str
    def __init__(self, stage: _Optional[str] = ..., kind: _Optional[str] = ..., event: _Optional[_Union[_any_pb2.Any, _Mapping]] = ..., track: _Optional[str] = ...) -> None: ...

class PipelineResponse(_message.Message):
    __slots__ = ("opened", "transcript", "speech_started", "speech_ended", "turn", "revision", "translation", "audio", "quality", "notice", "stage_event", "answered", "resumed", "received", "sequence")
    OPENED_FIELD_NUMBER: _ClassVar[int]
    TRANSCRIPT_FIELD_NUMBER: _ClassVar[int]
    SPEECH_STARTED_FIELD_NUMBER: _ClassVar[int]
    SPEECH_ENDED_FIELD_NUMBER: _ClassVar[int]
    TURN_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    TRANSLATION_FIELD_NUMBER: _ClassVar[int]
    AUDIO_FIELD_NUMBER: _ClassVar[int]
    QUALITY_FIELD_NUMBER: _ClassVar[int]
    NOTICE_FIELD_NUMBER: _ClassVar[int]
    STAGE_EVENT_FIELD_NUMBER: _ClassVar[int]
    ANSWERED_FIELD_NUMBER: _ClassVar[int]
    RESUMED_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    opened: PipelineOpened
    transcript: _asr_pb2.Transcript
    speech_started: _asr_pb2.SpeechStarted
    speech_ended: _asr_pb2.SpeechEnded
    turn: _diarize_pb2.Turn
    revision: _diarize_pb2.Revision
    translation: _translate_pb2.Translation
    audio: _audio_pb2.AudioChunk
    quality: _denoise_pb2.Quality
    notice: Notice
    stage_event: StageEvent
    answered: _asr_pb2.Answered
    resumed: Resumed
    received: Received
    sequence: int
    def __init__(self, opened: _Optional[_Union[PipelineOpened, _Mapping]] = ..., transcript: _Optional[_Union[_asr_pb2.Transcript, _Mapping]] = ..., speech_started: _Optional[_Union[_asr_pb2.SpeechStarted, _Mapping]] = ..., speech_ended: _Optional[_Union[_asr_pb2.SpeechEnded, _Mapping]] = ..., turn: _Optional[_Union[_diarize_pb2.Turn, _Mapping]] = ..., revision: _Optional[_Union[_diarize_pb2.Revision, _Mapping]] = ..., translation: _Optional[_Union[_translate_pb2.Translation, _Mapping]] = ..., audio: _Optional[_Union[_audio_pb2.AudioChunk, _Mapping]] = ..., quality: _Optional[_Union[_denoise_pb2.Quality, _Mapping]] = ..., notice: _Optional[_Union[Notice, _Mapping]] = ..., stage_event: _Optional[_Union[StageEvent, _Mapping]] = ..., answered: _Optional[_Union[_asr_pb2.Answered, _Mapping]] = ..., resumed: _Optional[_Union[Resumed, _Mapping]] = ..., received: _Optional[_Union[Received, _Mapping]] = ..., sequence: _Optional[int] = ...) -> None: ...
