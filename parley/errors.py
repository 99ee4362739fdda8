"""Everything that can go wrong, once. Must not know a transport: `wire` and the gateway's HTTP APIs translate.

ParleyError                      INTERNAL
├── BadInput                     INVALID_ARGUMENT     the caller can mend it
│   ├── ConfigExpected           something came before the config, or no config at all
│   ├── ConfigRepeated           a second config
│   ├── UnsupportedFormat        a rate, encoding or channel count that no stage takes
│   ├── PartialSample            bytes that are not whole sample frames
│   ├── ChunkTooLarge            one message above the limit
│   ├── EmptyMessage             none of config, audio, text, control
│   ├── FieldInvalid             a form field, query parameter or JSON key that is missing or wrong
│   ├── TooManyStages            one pipeline that would need more streams than a call may have
│   ├── StreamIdle               a stream that sends nothing and does not end
│   ├── Conflict                 right by itself, and not as things are now
│   ├── UploadTooLarge           a request body above the limit
│   ├── UndecodableMedia         a file that no decoder reads
│   └── OtherBytes               a file whose sum is not the one that was meant
├── Unauthenticated              UNAUTHENTICATED      who are you?
├── Forbidden                    PERMISSION_DENIED    not with this key
│   ├── UnknownHost              the server is called by a name that is not its own
│   └── UnknownOrigin            a web page that may not call here
├── NotFound                     NOT_FOUND
│   ├── SessionGone              a stream cannot be resumed: it is over, or never was
│   └── UnknownModel             no such model, or not loaded here
├── SwitchedOff                  FAILED_PRECONDITION  the config lacks what this needs; its operator can mend it
├── BadConfig                    FAILED_PRECONDITION  a process cannot start like this
│   ├── BadModel                 model.toml or a weight file is not what it says
│   └── TooLittleMemory          a model would not fit
├── Overloaded                   RESOURCE_EXHAUSTED   come back after `retry_s`
│   ├── TooManyStreams           no place for one more stream
│   ├── TooBusy                  one more stream would make the others late
│   └── RateLimited              too many calls in too short a time
├── Unavailable                  UNAVAILABLE          nobody there who could do it
│   ├── Draining                 this replica is going away
│   ├── ModelNotReady            still loading
│   ├── CircuitOpen              it failed too often just now
│   └── AnswerUnusable           it answers, and not with what was asked for
└── DeadlinePassed               DEADLINE_EXCEEDED
    └── UploadTooSlow            a request body that does not arrive
"""

from enum import Enum
from typing import ClassVar

LONGEST = 1_000  # characters of a message: many quote what was sent


class Code(Enum):
    """The canonical codes that we use, with their numbers on the wire."""

    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    INTERNAL = 13
    UNAVAILABLE = 14
    UNAUTHENTICATED = 16


class ParleyError(Exception):
    """The root. A subclass says which code and reason; the instance says what would be right."""

    code: ClassVar[Code] = Code.INTERNAL
    reason: ClassVar[str] = "INTERNAL"

    def __init__(self, message: str, *, retry_s: float | None = None) -> None:
        super().__init__(message if len(message) <= LONGEST else f"{message[: LONGEST - 1]}…")
        self.retry_s = retry_s
        self.report = ""  # names the log's explanation of an unexpected error


class BadInput(ParleyError):
    """The caller sent something that can be mended."""

    code, reason = Code.INVALID_ARGUMENT, "INVALID_ARGUMENT"


class ConfigExpected(BadInput):
    """Every stream begins with its config."""

    reason = "CONFIG_EXPECTED"


class ConfigRepeated(BadInput):
    """A stream has one config."""

    reason = "CONFIG_REPEATED"


class UnsupportedFormat(BadInput):
    """No stage takes this rate, encoding or channel count."""

    reason = "UNSUPPORTED_FORMAT"


class PartialSample(BadInput):
    """A chunk holds whole sample frames."""

    reason = "PARTIAL_SAMPLE"


class ChunkTooLarge(BadInput):
    """One message is bounded, so that memory is."""

    reason = "CHUNK_TOO_LARGE"


class EmptyMessage(BadInput):
    """A request says exactly one thing."""

    reason = "EMPTY_MESSAGE"


class FieldInvalid(BadInput):
    """A form field, query parameter or JSON key is missing or wrong."""

    reason = "FIELD_INVALID"

    def __init__(self, message: str, *, retry_s: float | None = None, field: str = "") -> None:
        super().__init__(message, retry_s=retry_s)
        self.field = field


class TooManyStages(BadInput):
    """One call is bounded in the streams to engines that it opens."""

    reason = "TOO_MANY_STAGES"


class StreamIdle(BadInput):
    """A stream that sends nothing holds places that others wait for."""

    reason = "STREAM_IDLE"


class Conflict(BadInput):
    """What was asked for cannot be done as things are now; the message says what to do first."""

    reason = "CONFLICT"


class UploadTooLarge(BadInput):
    """A request body is bounded, so that memory is."""

    reason = "UPLOAD_TOO_LARGE"


class UndecodableMedia(BadInput):
    """No decoder reads this file."""

    reason = "UNDECODABLE_MEDIA"


class OtherBytes(BadInput):
    """A source has a file of the right name that is another one."""

    reason = "OTHER_BYTES"


class Unauthenticated(ParleyError):
    """No key, or none that is good."""

    code, reason = Code.UNAUTHENTICATED, "KEY_NEEDED"


class Forbidden(ParleyError):
    """The key is good, but not for this."""

    code, reason = Code.PERMISSION_DENIED, "KEY_NOT_FOR_THIS"


class UnknownHost(Forbidden):
    """A name that leads here is not yet a name of ours: pages can make one."""

    reason = "HOST_NOT_ALLOWED"


class UnknownOrigin(Forbidden):
    """A web page asks on behalf of somebody who does not know of it."""

    reason = "ORIGIN_NOT_ALLOWED"


class NotFound(ParleyError):
    """There is no such thing."""

    code, reason = Code.NOT_FOUND, "NOT_FOUND"


class SessionGone(NotFound):
    """A stream cannot be resumed: it is over, was never there, or somebody else goes on with it."""

    reason = "SESSION_GONE"


class UnknownModel(NotFound):
    """No such model, or not loaded here."""

    reason = "MODEL_NOT_FOUND"


class SwitchedOff(ParleyError):
    """The config lacks what this needs; its operator can mend it."""

    code, reason = Code.FAILED_PRECONDITION, "SWITCHED_OFF"


class BadConfig(ParleyError):
    """A process cannot start like this."""

    code, reason = Code.FAILED_PRECONDITION, "CONFIG_INVALID"


class BadModel(BadConfig):
    """model.toml or a weight file is not what it says."""

    reason = "MODEL_INVALID"


class TooLittleMemory(BadConfig):
    """A model would not fit into what is left."""

    reason = "MEMORY_SHORT"


class Overloaded(ParleyError):
    """The queue is full; come back after `retry_s`."""

    code, reason = Code.RESOURCE_EXHAUSTED, "QUEUE_FULL"


class TooManyStreams(Overloaded):
    """There is no place for one more stream."""

    reason = "STREAMS_FULL"


class TooBusy(Overloaded):
    """One more stream would make those late that are here."""

    reason = "TOO_BUSY"


class RateLimited(Overloaded):
    """Too many calls in too short a time."""

    reason = "RATE_LIMITED"


class Unavailable(ParleyError):
    """Nobody is there who could do it."""

    code, reason = Code.UNAVAILABLE, "UNAVAILABLE"


class Draining(Unavailable):
    """This replica takes no new streams; another one does."""

    reason = "DRAINING"


class ModelNotReady(Unavailable):
    """The model is still loading."""

    reason = "MODEL_LOADING"


class CircuitOpen(Unavailable):
    """It failed too often just now; it gets a rest."""

    reason = "CIRCUIT_OPEN"


class AnswerUnusable(Unavailable):
    """Somebody is there, and what they say is not what was asked for."""

    reason = "ANSWER_UNUSABLE"


class DeadlinePassed(ParleyError):
    """The answer would come too late to be of use."""

    code, reason = Code.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED"


class UploadTooSlow(DeadlinePassed):
    """The request body does not arrive."""

    reason = "UPLOAD_TOO_SLOW"
