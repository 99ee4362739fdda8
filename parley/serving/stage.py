"""What a service folder declares, and what every service is configured with. Must not know the network."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from parley.audio.pcm import Format, check_chunk
from parley.engines.backends import Placed
from parley.engines.contract import Line
from parley.engines.model import ModelSpec
from parley.engines.protocols import Engine, Feeds
from parley.engines.surroundings import RemoteServer, check_servers
from parley.engines.trust import TrustConfig
from parley.errors import ChunkTooLarge
from parley.serving.batcher import BatchConfig
from parley.serving.memory_budget import MemoryConfig
from parley.serving.session import Session
from parley.telemetry import TelemetryConfig
from parley.v1.audio_pb2 import Opened
from parley.wire.tls import TlsConfig

LONGEST_TEXT = 1 << 20
Settings = TypeVar("Settings", bound="ServiceConfig", contravariant=True)


@dataclass(frozen=True, kw_only=True)
class ServiceConfig:
    """What every service is configured with; a stage adds its own keys."""

    listen: str  # host:port, or unix:/path
    models_root: tuple[Path, ...] = (Path("models/embedded"),)  # where models lie; the first that has one counts
    models: tuple[str, ...]  # exact versions to load at the start; the first is the default
    commanded_file: str = ""  # keeps which versions were loaded by command, for the next start; empty: it is forgotten
    # The longest that a stream waits for one answer; where people speak: as long as the engine answers somebody.
    job_budget_s: float = 10.0
    servers: dict[str, RemoteServer] = field(default_factory=dict)  # that models may ask which do not run here
    trust: TrustConfig = field(default_factory=TrustConfig)  # what is asked of a model before it is loaded
    memory: MemoryConfig = field(default_factory=MemoryConfig)  # how much of it all versions may take together
    load_s: float = 300.0  # the longest that opening another version takes; 0: for ever
    streams: int = 1000  # streams at a time; one more is refused
    token: str = ""  # the secret that callers must show, the same in the gateway's config; empty: none
    tls: TlsConfig = field(default_factory=TlsConfig)
    first_message_s: float = 10.0  # the longest that a stream's first message takes; 0: for ever
    drain_s: float = 10.0  # how long open streams may go on after SIGTERM
    batch: BatchConfig = field(default_factory=BatchConfig)
    telemetry: TelemetryConfig = field(default_factory=TelemetryConfig)

    def __post_init__(self) -> None:
        check_servers(self.servers)


@dataclass(frozen=True)
class Conversion:
    """How good a stage's model is, on the examples of a folder, and how its graphs are fed while they are measured."""

    quality: Callable[[ModelSpec, Engine[Any, Any], Path], float]  # the more the better
    unit: str
    most_loss: float  # of quality, that a conversion may cost
    feeds: Callable[[ModelSpec, Path], Mapping[str, Sequence[Feeds]]] | None = None  # of each graph's file


@dataclass(frozen=True)
class Stage:
    """A service: its RPC, its config, how a model is opened, a stream begun and a request read."""

    service: ServiceDescriptor
    config: type[ServiceConfig]
    open_engine: Callable[[ModelSpec], Placed[Engine[Any, Any]]]
    begin: Callable[[Any, ModelSpec, Any], Session[Any, Any, Any]]
    read: Callable[[Any], Sized]
    pairs: Callable[[ModelSpec], Iterable[tuple[str, str]]] = lambda spec: ()  # languages, where not all into all
    is_live: Callable[[Any], bool] = lambda config: True  # whether somebody speaks now, who must not wait
    keeps_channels: Callable[[Any], bool] = lambda config: False  # whether sound comes back in as many as it has
    # What an event says of the quality of what is served: (measure, value) each.
    measures: Callable[[Message], Iterable[tuple[str, float]]] = lambda event: ()
    contract: Callable[[ModelSpec], Iterable[Line]] = lambda spec: ()  # what it asks of a model
    # The same of an engine that is open, on examples whose answers are known.
    golden: Callable[[ModelSpec, Engine[Any, Any], Path], Iterable[Line]] = lambda spec, engine, examples: ()
    conversion: Conversion | None = None  # None: its models are not converted here

    @property
    def name(self) -> str:
        """The stage's one name: folder, proto, config section, metric label."""
        return self.service.name.lower()

    @cached_property
    def request(self) -> type[Message]:
        """The class of what clients send."""
        return GetMessageClass(self.service.methods_by_name["Stream"].input_type)

    def opened(self, config: Any, spec: ModelSpec) -> Opened:
        """The first answer: what serves, and in which format sound comes back."""
        if "audio" not in self.service.methods_by_name["Stream"].output_type.fields_by_name:
            return Opened(model=str(spec.ref))
        form = Format.of(config.format)
        return Opened(model=str(spec.ref), format=form.wire(form.channels if self.keeps_channels(config) else 1))

    def seconds_a_byte(self, config: Any) -> float:
        """How long a byte of this stream sounds; text does not."""
        if "format" not in config.DESCRIPTOR.fields_by_name:
            return 0.0
        form = Format.of(config.format)
        return 1 / (form.frame_bytes * form.rate_hz)

    def write(self, event: Message) -> Message:
        """Put an event into the answer's field of its type."""
        return self._answer(**{self._fields[event.DESCRIPTOR.full_name]: event})

    @cached_property
    def _answer(self) -> type[Message]:
        return GetMessageClass(self.service.methods_by_name["Stream"].output_type)

    @cached_property
    def _fields(self) -> dict[str, str]:
        return {kind.full_name: field.name for field in self._answer.DESCRIPTOR.fields if (kind := field.message_type)}


def read_audio(request: Any) -> bytes:
    """The bytes of an audio request; refuses too large a chunk."""
    return check_chunk(request.audio.data)


def read_text(request: Any) -> str:
    """The text of a text request; refuses too long a one."""
    text: str = request.text.text
    if len(text) > LONGEST_TEXT:
        raise ChunkTooLarge(f"A text of {len(text)} characters is too large; send at most {LONGEST_TEXT} at once.")
    return text
