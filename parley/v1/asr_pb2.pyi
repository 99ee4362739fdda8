import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from parley.v1 import audio_pb2 as _audio_pb2
from parley.v1 import rule_pb2 as _rule_pb2
from parley.v1 import stage_pb2 as _stage_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AsrRequest(_message.Message):
    __slots__ = ("config", "audio", "control")
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    AUDIO_FIELD_NUMBER: _ClassVar[int]
    CONTROL_FIELD_NUMBER: _ClassVar[int]
    config: AsrConfig
    audio: _audio_pb2.AudioChunk
    control: _audio_pb2.Control
    def __init__(self, config: _Optional[_Union[AsrConfig, _Mapping]] = ..., audio: _Optional[_Union[_audio_pb2.AudioChunk, _Mapping]] = ..., control: _Optional[_Union[_audio_pb2.Control, _Mapping]] = ...) -> None: ...

class Endpointing(_message.Message):
    __slots__ = ("start_speech", "stop_silence", "max_utterance", "disabled")
    START_SPEECH_FIELD_NUMBER: _ClassVar[int]
    STOP_SILENCE_FIELD_NUMBER: _ClassVar[int]
    MAX_UTTERANCE_FIELD_NUMBER: _ClassVar[int]
    DISABLED_FIELD_NUMBER: _ClassVar[int]
    start_speech: _duration_pb2.Duration
    stop_silence: _duration_pb2.Duration
    max_utterance: _duration_pb2.Duration
    disabled: bool
    def __init__(self, start_speech: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., stop_silence: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., max_utterance: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., disabled: bool = ...) -> None: ...

class AsrConfig(_message.Message):
    __slots__ = ("format", "language", "interim_results", "word_times", "endpointing", "phrases", "prompt", "hints_only", "per_channel", "recording", "tokens", "languages", "report_answered", "report_heard")
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    INTERIM_RESULTS_FIELD_NUMBER: _ClassVar[int]
    WORD_TIMES_FIELD_NUMBER: _ClassVar[int]
    ENDPOINTING_FIELD_NUMBER: _ClassVar[int]
    PHRASES_FIELD_NUMBER: _ClassVar[int]
    PROMPT_FIELD_NUMBER: _ClassVar[int]
    HINTS_ONLY_FIELD_NUMBER: _ClassVar[int]
    PER_CHANNEL_FIELD_NUMBER: _ClassVar[int]
    RECORDING_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    LANGUAGES_FIELD_NUMBER: _ClassVar[int]
    REPORT_ANSWERED_FIELD_NUMBER: _ClassVar[int]
    REPORT_HEARD_FIELD_NUMBER: _ClassVar[int]
    format: _audio_pb2.AudioFormat
    language: str
    interim_results: bool
    word_times: bool
    endpointing: Endpointing
    phrases: _containers.RepeatedScalarFieldContainer[str]
    prompt: str
    hints_only: bool
    per_channel: bool
    recording: bool
    tokens: bool
    languages: _containers.RepeatedScalarFieldContainer[str]
    report_answered: bool
    report_heard: bool
    def __init__(self, format: _Optional[_Union[_audio_pb2.AudioFormat, _Mapping]] = ..., language: _Optional[str] = ..., interim_results: bool = ..., word_times: bool = ..., endpointing: _Optional[_Union[Endpointing, _Mapping]] = ..., phrases: _Optional[_Iterable[str]] = ..., prompt: _Optional[str] = ..., hints_only: bool = ..., per_channel: bool = ..., recording: bool = ..., tokens: bool = ..., languages: _Optional[_Iterable[str]] = ..., report_answered: bool = ..., report_heard: bool = ...) -> None: ...

class Token(_message.Message):
    __slots__ = ("text", "log_probability")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    LOG_PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    text: bytes
    log_probability: float
    def __init__(self, text: _Optional[bytes] = ..., log_probability: _Optional[float] = ...) -> None: ...

class Word(_message.Message):
    __slots__ = ("text", "interval", "confidence", "speaker")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    SPEAKER_FIELD_NUMBER: _ClassVar[int]
    text: str
    interval: _audio_pb2.Interval
    confidence: float
    speaker: str
    def __init__(self, text: _Optional[str] = ..., interval: _Optional[_Union[_audio_pb2.Interval, _Mapping]] = ..., confidence: _Optional[float] = ..., speaker: _Optional[str] = ...) -> None: ...

class Transcript(_message.Message):
    __slots__ = ("text", "is_final", "committed_characters", "interval", "words", "language", "average_log_probability", "no_speech_probability", "speaker", "track", "stability", "tokens", "goes_on", "language_confidence")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    IS_FINAL_FIELD_NUMBER: _ClassVar[int]
    COMMITTED_CHARACTERS_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    AVERAGE_LOG_PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    NO_SPEECH_PROBABILITY_FIELD_NUMBER: _ClassVar[int]
    SPEAKER_FIELD_NUMBER: _ClassVar[int]
    TRACK_FIELD_NUMBER: _ClassVar[int]
    STABILITY_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    GOES_ON_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    text: str
    is_final: bool
    committed_characters: int
    interval: _audio_pb2.Interval
    words: _containers.RepeatedCompositeFieldContainer[Word]
    language: str
    average_log_probability: float
    no_speech_probability: float
    speaker: str
    track: str
    stability: float
    tokens: _containers.RepeatedCompositeFieldContainer[Token]
    goes_on: bool
    language_confidence: float
    def __init__(self, text: _Optional[str] = ..., is_final: bool = ..., committed_characters: _Optional[int] = ..., interval: _Optional[_Union[_audio_pb2.Interval, _Mapping]] = ..., words: _Optional[_Iterable[_Union[Word, _Mapping]]] = ..., language: _Optional[str] = ..., average_log_probability: _Optional[float] = ..., no_speech_probability: _Optional[float] = ..., speaker: _Optional[str] = ..., track: _Optional[str] = ..., stability: _Optional[float] = ..., tokens: _Optional[_Iterable[_Union[Token, _Mapping]]] = ..., goes_on: bool = ..., language_confidence: _Optional[float] = ...) -> None: ...

class SpeechStarted(_message.Message):
    __slots__ = ("at", "track")
    AT_FIELD_NUMBER: _ClassVar[int]
    TRACK_FIELD_NUMBER: _ClassVar[int]
    at: _duration_pb2.Duration
    track: str
    def __init__(self, at: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., track: _Optional[str] = ...) -> None: ...

class SpeechEnded(_message.Message):
    __slots__ = ("at", "track")
    AT_FIELD_NUMBER: _ClassVar[int]
    TRACK_FIELD_NUMBER: _ClassVar[int]
    at: _duration_pb2.Duration
    track: str
    def __init__(self, at: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., track: _Optional[str] = ...) -> None: ...

class Answered(_message.Message):
    __slots__ = ("at", "track")
    AT_FIELD_NUMBER: _ClassVar[int]
    TRACK_FIELD_NUMBER: _ClassVar[int]
    at: _duration_pb2.Duration
    track: str
    def __init__(self, at: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., track: _Optional[str] = ...) -> None: ...

class AsrResponse(_message.Message):
    __slots__ = ("opened", "transcript", "speech_started", "speech_ended", "late", "answered")
    OPENED_FIELD_NUMBER: _ClassVar[int]
    TRANSCRIPT_FIELD_NUMBER: _ClassVar[int]
    SPEECH_STARTED_FIELD_NUMBER: _ClassVar[int]
    SPEECH_ENDED_FIELD_NUMBER: _ClassVar[int]
    LATE_FIELD_NUMBER: _ClassVar[int]
    ANSWERED_FIELD_NUMBER: _ClassVar[int]
    opened: _audio_pb2.Opened
    transcript: Transcript
    speech_started: SpeechStarted
    speech_ended: SpeechEnded
    late: _audio_pb2.Late
    answered: Answered
    def __init__(self, opened: _Optional[_Union[_audio_pb2.Opened, _Mapping]] = ..., transcript: _Optional[_Union[Transcript, _Mapping]] = ..., speech_started: _Optional[_Union[SpeechStarted, _Mapping]] = ..., speech_ended: _Optional[_Union[SpeechEnded, _Mapping]] = ..., late: _Optional[_Union[_audio_pb2.Late, _Mapping]] = ..., answered: _Optional[_Union[Answered, _Mapping]] = ...) -> None: ...
