from parley.v1 import audio_pb2 as _audio_pb2
from parley.v1 import rule_pb2 as _rule_pb2
from parley.v1 import stage_pb2 as _stage_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TranslateRequest(_message.Message):
    __slots__ = ("config", "text", "control")
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    CONTROL_FIELD_NUMBER: _ClassVar[int]
    config: TranslateConfig
    text: TextChunk
    control: _audio_pb2.Control
    def __init__(self, config: _Optional[_Union[TranslateConfig, _Mapping]] = ..., text: _Optional[_Union[TextChunk, _Mapping]] = ..., control: _Optional[_Union[_audio_pb2.Control, _Mapping]] = ...) -> None: ...

class TextChunk(_message.Message):
    __slots__ = ("text", "language", "speaker")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    SPEAKER_FIELD_NUMBER: _ClassVar[int]
    text: str
    language: str
    speaker: str
    def __init__(self, text: _Optional[str] = ..., language: _Optional[str] = ..., speaker: _Optional[str] = ...) -> None: ...

class GlossaryEntry(_message.Message):
    __slots__ = ("source", "target")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    source: str
    target: str
    def __init__(self, source: _Optional[str] = ..., target: _Optional[str] = ...) -> None: ...

class TranslateConfig(_message.Message):
    __slots__ = ("source_language", "target_language", "glossary", "detect_only", "find_names")
    SOURCE_LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    TARGET_LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    GLOSSARY_FIELD_NUMBER: _ClassVar[int]
    DETECT_ONLY_FIELD_NUMBER: _ClassVar[int]
    FIND_NAMES_FIELD_NUMBER: _ClassVar[int]
    source_language: str
    target_language: str
    glossary: _containers.RepeatedCompositeFieldContainer[GlossaryEntry]
    detect_only: bool
    find_names: bool
    def __init__(self, source_language: _Optional[str] = ..., target_language: _Optional[str] = ..., glossary: _Optional[_Iterable[_Union[GlossaryEntry, _Mapping]]] = ..., detect_only: bool = ..., find_names: bool = ...) -> None: ...

class Fallback(_message.Message):
    __slots__ = ("reason", "message", "model")
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    reason: str
    message: str
    model: str
    def __init__(self, reason: _Optional[str] = ..., message: _Optional[str] = ..., model: _Optional[str] = ...) -> None: ...

class Translation(_message.Message):
    __slots__ = ("source_text", "text", "source_language", "target_language", "interval", "speaker", "source_confidence", "track", "fallback")
    SOURCE_TEXT_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    SOURCE_LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    TARGET_LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    SPEAKER_FIELD_NUMBER: _ClassVar[int]
    SOURCE_CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    TRACK_FIELD_NUMBER: _ClassVar[int]
    FALLBACK_FIELD_NUMBER: _ClassVar[int]
    source_text: str
    text: str
    source_language: str
    target_language: str
    interval: _audio_pb2.Interval
    speaker: str
    source_confidence: float
    track: str
    fallback: Fallback
    def __init__(self, source_text: _Optional[str] = ..., text: _Optional[str] = ..., source_language: _Optional[str] = ..., target_language: _Optional[str] = ..., interval: _Optional[_Union[_audio_pb2.Interval, _Mapping]] = ..., speaker: _Optional[str] = ..., source_confidence: _Optional[float] = ..., track: _Optional[str] = ..., fallback: _Optional[_Union[Fallback, _Mapping]] = ...) -> None: ...

class Name(_message.Message):
    __slots__ = ("start", "end")
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    start: int
    end: int
    def __init__(self, start: _Optional[int] = ..., end: _Optional[int] = ...) -> None: ...

class NamesFound(_message.Message):
    __slots__ = ("source_text", "names")
    SOURCE_TEXT_FIELD_NUMBER: _ClassVar[int]
    NAMES_FIELD_NUMBER: _ClassVar[int]
    source_text: str
    names: _containers.RepeatedCompositeFieldContainer[Name]
    def __init__(self, source_text: _Optional[str] = ..., names: _Optional[_Iterable[_Union[Name, _Mapping]]] = ...) -> None: ...

class TranslateResponse(_message.Message):
    __slots__ = ("opened", "translation", "found")
    OPENED_FIELD_NUMBER: _ClassVar[int]
    TRANSLATION_FIELD_NUMBER: _ClassVar[int]
    FOUND_FIELD_NUMBER: _ClassVar[int]
    opened: _audio_pb2.Opened
    translation: Translation
    found: NamesFound
    def __init__(self, opened: _Optional[_Union[_audio_pb2.Opened, _Mapping]] = ..., translation: _Optional[_Union[Translation, _Mapping]] = ..., found: _Optional[_Union[NamesFound, _Mapping]] = ...) -> None: ...
