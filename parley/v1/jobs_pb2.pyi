import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from parley.v1 import pipeline_pb2 as _pipeline_pb2
from parley.v1 import rule_pb2 as _rule_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class JobState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    JOB_STATE_UNSPECIFIED: _ClassVar[JobState]
    JOB_STATE_QUEUED: _ClassVar[JobState]
    JOB_STATE_RUNNING: _ClassVar[JobState]
    JOB_STATE_DONE: _ClassVar[JobState]
    JOB_STATE_FAILED: _ClassVar[JobState]
    JOB_STATE_CANCELLED: _ClassVar[JobState]
JOB_STATE_UNSPECIFIED: JobState
JOB_STATE_QUEUED: JobState
JOB_STATE_RUNNING: JobState
JOB_STATE_DONE: JobState
JOB_STATE_FAILED: JobState
JOB_STATE_CANCELLED: JobState

class BackgroundJob(_message.Message):
    __slots__ = ("id", "batch", "name", "state", "stage", "done", "whole", "left", "attempts", "submitted", "begun", "ended", "reason", "message", "results")
    ID_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    WHOLE_FIELD_NUMBER: _ClassVar[int]
    LEFT_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    SUBMITTED_FIELD_NUMBER: _ClassVar[int]
    BEGUN_FIELD_NUMBER: _ClassVar[int]
    ENDED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    id: str
    batch: str
    name: str
    state: JobState
    stage: str
    done: _duration_pb2.Duration
    whole: _duration_pb2.Duration
    left: _duration_pb2.Duration
    attempts: int
    submitted: _timestamp_pb2.Timestamp
    begun: _timestamp_pb2.Timestamp
    ended: _timestamp_pb2.Timestamp
    reason: str
    message: str
    results: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, id: _Optional[str] = ..., batch: _Optional[str] = ..., name: _Optional[str] = ..., state: _Optional[_Union[JobState, str]] = ..., stage: _Optional[str] = ..., done: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., whole: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., left: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., attempts: _Optional[int] = ..., submitted: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., begun: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ended: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ..., results: _Optional[_Iterable[str]] = ...) -> None: ...

class JobsSubmitConfig(_message.Message):
    __slots__ = ("pipeline", "name", "batch", "idempotency_key", "deadline", "webhook", "urls", "folder")
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_KEY_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_FIELD_NUMBER: _ClassVar[int]
    WEBHOOK_FIELD_NUMBER: _ClassVar[int]
    URLS_FIELD_NUMBER: _ClassVar[int]
    FOLDER_FIELD_NUMBER: _ClassVar[int]
    pipeline: _pipeline_pb2.PipelineConfig
    name: str
    batch: str
    idempotency_key: str
    deadline: _duration_pb2.Duration
    webhook: str
    urls: _containers.RepeatedScalarFieldContainer[str]
    folder: str
    def __init__(self, pipeline: _Optional[_Union[_pipeline_pb2.PipelineConfig, _Mapping]] = ..., name: _Optional[str] = ..., batch: _Optional[str] = ..., idempotency_key: _Optional[str] = ..., deadline: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., webhook: _Optional[str] = ..., urls: _Optional[_Iterable[str]] = ..., folder: _Optional[str] = ...) -> None: ...

class JobsSubmitRequest(_message.Message):
    __slots__ = ("config", "data")
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    config: JobsSubmitConfig
    data: bytes
    def __init__(self, config: _Optional[_Union[JobsSubmitConfig, _Mapping]] = ..., data: _Optional[bytes] = ...) -> None: ...

class JobsSubmitResponse(_message.Message):
    __slots__ = ("batch", "jobs")
    BATCH_FIELD_NUMBER: _ClassVar[int]
    JOBS_FIELD_NUMBER: _ClassVar[int]
    batch: str
    jobs: _containers.RepeatedCompositeFieldContainer[BackgroundJob]
    def __init__(self, batch: _Optional[str] = ..., jobs: _Optional[_Iterable[_Union[BackgroundJob, _Mapping]]] = ...) -> None: ...

class JobsGetRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class JobsGetResponse(_message.Message):
    __slots__ = ("job",)
    JOB_FIELD_NUMBER: _ClassVar[int]
    job: BackgroundJob
    def __init__(self, job: _Optional[_Union[BackgroundJob, _Mapping]] = ...) -> None: ...

class JobsListRequest(_message.Message):
    __slots__ = ("states", "batch", "cursor", "limit")
    STATES_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    states: _containers.RepeatedScalarFieldContainer[JobState]
    batch: str
    cursor: str
    limit: int
    def __init__(self, states: _Optional[_Iterable[_Union[JobState, str]]] = ..., batch: _Optional[str] = ..., cursor: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class JobsSum(_message.Message):
    __slots__ = ("state", "jobs", "done", "whole")
    STATE_FIELD_NUMBER: _ClassVar[int]
    JOBS_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    WHOLE_FIELD_NUMBER: _ClassVar[int]
    state: JobState
    jobs: int
    done: _duration_pb2.Duration
    whole: _duration_pb2.Duration
    def __init__(self, state: _Optional[_Union[JobState, str]] = ..., jobs: _Optional[int] = ..., done: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., whole: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class JobsListResponse(_message.Message):
    __slots__ = ("jobs", "next", "summary")
    JOBS_FIELD_NUMBER: _ClassVar[int]
    NEXT_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    jobs: _containers.RepeatedCompositeFieldContainer[BackgroundJob]
    next: str
    summary: _containers.RepeatedCompositeFieldContainer[JobsSum]
    def __init__(self, jobs: _Optional[_Iterable[_Union[BackgroundJob, _Mapping]]] = ..., next: _Optional[str] = ..., summary: _Optional[_Iterable[_Union[JobsSum, _Mapping]]] = ...) -> None: ...

class JobsWatchRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class JobsWatchResponse(_message.Message):
    __slots__ = ("job",)
    JOB_FIELD_NUMBER: _ClassVar[int]
    job: BackgroundJob
    def __init__(self, job: _Optional[_Union[BackgroundJob, _Mapping]] = ...) -> None: ...

class JobsCancelRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class JobsCancelResponse(_message.Message):
    __slots__ = ("job",)
    JOB_FIELD_NUMBER: _ClassVar[int]
    job: BackgroundJob
    def __init__(self, job: _Optional[_Union[BackgroundJob, _Mapping]] = ...) -> None: ...

class JobsRetryRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class JobsRetryResponse(_message.Message):
    __slots__ = ("job",)
    JOB_FIELD_NUMBER: _ClassVar[int]
    job: BackgroundJob
    def __init__(self, job: _Optional[_Union[BackgroundJob, _Mapping]] = ...) -> None: ...

class JobsDeleteRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class JobsDeleteResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class JobsResultsRequest(_message.Message):
    __slots__ = ("id", "format")
    ID_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    id: str
    format: str
    def __init__(self, id: _Optional[str] = ..., format: _Optional[str] = ...) -> None: ...

class JobsResultsResponse(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    def __init__(self, data: _Optional[bytes] = ...) -> None: ...
