from parley.v1 import rule_pb2 as _rule_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class KeptVoice(_message.Message):
    __slots__ = ("name", "model", "added")
    NAME_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    ADDED_FIELD_NUMBER: _ClassVar[int]
    name: str
    model: str
    added: str
    def __init__(self, name: _Optional[str] = ..., model: _Optional[str] = ..., added: _Optional[str] = ...) -> None: ...

class VoicesAddRequest(_message.Message):
    __slots__ = ("name", "file")
    NAME_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    name: str
    file: bytes
    def __init__(self, name: _Optional[str] = ..., file: _Optional[bytes] = ...) -> None: ...

class VoicesAddResponse(_message.Message):
    __slots__ = ("voice",)
    VOICE_FIELD_NUMBER: _ClassVar[int]
    voice: KeptVoice
    def __init__(self, voice: _Optional[_Union[KeptVoice, _Mapping]] = ...) -> None: ...

class VoicesListRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class VoicesListResponse(_message.Message):
    __slots__ = ("voices",)
    VOICES_FIELD_NUMBER: _ClassVar[int]
    voices: _containers.RepeatedCompositeFieldContainer[KeptVoice]
    def __init__(self, voices: _Optional[_Iterable[_Union[KeptVoice, _Mapping]]] = ...) -> None: ...

class VoicesRemoveRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class VoicesRemoveResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
