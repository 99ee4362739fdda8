"""What the gateway is configured with."""

from dataclasses import dataclass, field

from gateway.breaker import BreakerConfig
from gateway.cache import CacheConfig
from gateway.failover import FailoverConfig
from gateway.retry import CallConfig
from parley.telemetry import TelemetryConfig
from parley.tls import TlsConfig


@dataclass(frozen=True)
class Limits:
    """What one caller, and all of them together, may ask for."""

    streams: int = 500  # calls at a time; one more is refused
    for_live: float = 0.1  # share of these places that batch calls do not get
    streams_per_key: int = 0  # calls of one key at a time; 0: as many as there are
    rate_per_key: str = ""  # new calls of one key, e.g. "600/minute"; empty: as many as they like
    rate_store: str = "memory://"  # where they are counted: here, or redis://host:port for several gateways
    shadows: int = 8  # streams at a time that another version hears too
    upload_bytes: int = 100 << 20
    uploads_bytes: int = 1 << 30  # of all of them at a time, over HTTP and over gRPC
    audio_s: float = 3600.0  # the longest recording
    request_s: float = 300.0  # the longest that an HTTP request is worked on


@dataclass(frozen=True)
class GatewayConfig:
    """One process."""

    # Stage -> its replicas: unix:/path or host:port; a name stands for every address that it has.
    upstreams: dict[str, tuple[str, ...]]
    http: str = "127.0.0.1:8080"
    grpc: str = "127.0.0.1:50051"
    routes: dict[str, dict[str, int]] = field(default_factory=dict)  # alias -> name@version -> weight
    routes_file: str = ""  # beside or instead of `routes`: read again when it changes, written by `parley routes`
    # Stage -> what foreign clients call a model, * for any -> what is meant.
    aliases: dict[str, dict[str, str]] = field(default_factory=dict)
    keys_file: str = ""  # who may come in, made by `parley keys`; empty: everybody
    tls: TlsConfig = field(default_factory=TlsConfig)
    insecure: bool = False  # listen to other machines without keys and TLS
    cache: CacheConfig = field(default_factory=CacheConfig)
    stalls_s: dict[str, float] = field(default_factory=dict)  # stage -> how long it may hold up a pipeline
    drain_s: float = 10.0
    calls: CallConfig = field(default_factory=CallConfig)
    failover: FailoverConfig = field(default_factory=FailoverConfig)
    breaker: BreakerConfig = field(default_factory=BreakerConfig)
    limits: Limits = field(default_factory=Limits)
    telemetry: TelemetryConfig = field(default_factory=TelemetryConfig)
