"""What the gateway is configured with."""

from dataclasses import dataclass, field

from parley.audit.config import AuditConfig
from parley.telemetry import TelemetryConfig
from parley.wire.tls import TlsConfig, UpstreamTls

LARGEST_CHUNK = 1 << 20  # bytes


@dataclass(frozen=True)
class CacheConfig:
    """The cache of whole answers."""

    bytes: int = 32 << 20  # in memory; 0: none are kept
    store: str = "memory://"  # or redis://host:port, which several gateways share
    keep_s: float = 3600.0


@dataclass(frozen=True)
class BreakerConfig:
    """When a circuit opens, and for how long."""

    failures: int = 5  # in a row
    rest_s: float = 2.0  # before a probe is let through


@dataclass(frozen=True)
class CallConfig:
    """Timeouts, retries and hedging of calls to a stage."""

    attempts: int = 3  # of one call, as long as nothing was answered
    retry_share: float = 0.2  # retries as a share of the calls: when all fail, trying all again makes it worse
    retry_reserve: int = 20  # retries that are always allowed after a quiet time
    pause_s: float = 0.05  # about this long before a second try of the same replica; doubled each time
    open_s: float = 5.0  # the longest that a stream's first answer takes
    unary_s: float = 60.0  # the longest that a call with one answer takes,
    load_s: float = 600.0  # but for loading and retiring a version: it is tried, and then opened
    # Texts, and the other calls with one answer, are asked of a second replica too when that takes longer; 0: never.
    hedge_s: float = 0.0
    resolve_s: float = 5.0  # how often names are looked up anew


@dataclass(frozen=True)
class Keep:
    """How much audio is kept for a replay."""

    bytes: int = 8 << 20
    seconds: float = 40.0  # since it came: longer than an utterance can be, and its answer can take


@dataclass(frozen=True)
class FailoverConfig:
    """How a pipeline's stage is moved to another replica."""

    wait_s: float = 5.0  # 0: never
    room_s: float = 30.0  # where there are others, but all of them full
    again_s: float = 5.0  # the longest between two tries to have a stage back that was given up; 0: there are none
    most: int = 3  # replicas lost in a row without a word in between; then it is perhaps the sound that kills them
    keep: Keep = field(default_factory=Keep)


@dataclass(frozen=True)
class AllowConfig:
    """By which names the gateway is called."""

    # Beside localhost and addresses, e.g. parley.example.com. Where one is named, calls by any other are refused; where
    # none is, only a gateway that serves this machine alone and asks for no keys refuses other names.
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Limits:
    """What one caller, and all of them together, may ask for."""

    streams: int = 1000  # streams to engines at a time, of all calls; one more is refused
    for_live: float = 0.1  # share of these places that batch calls do not get
    streams_per_key: int = 100  # of them those of one key; 0: as many as there are
    streams_per_call: int = 24  # of one pipeline: its stages and translations, times its channels heard by themselves
    first_message_s: float = 10.0  # the longest that a stream's first message takes; this and the next two, 0: for ever
    sound_s: float = 60.0  # between two messages of a stream of sound; silence is sound too
    text_s: float = 600.0  # of a stream of texts, and between two turns of a Realtime conversation: people think
    rate_per_key: str = ""  # new calls of one key, e.g. "600/minute"; empty: as many as they like
    rate_store: str = "memory://"  # where they are counted: here, or redis://host:port for several gateways
    shadows: int = 8  # streams at a time that another version hears too
    upload_bytes: int = 100 << 20
    uploads_bytes: int = 1 << 30  # of all of them at a time, over HTTP and over gRPC
    audio_s: float = 3600.0  # the longest recording
    request_s: float = 300.0  # the longest that an HTTP request is worked on


@dataclass(frozen=True)
class VoicesConfig:
    """The voices that are kept for callers' keys."""

    # Encrypts them, made by `parley voices secret`; old ones behind it, with commas. Empty: none are kept.
    secret: str = ""
    folder: str = "voices"  # a file for each key
    per_key: int = 100  # of one key


@dataclass(frozen=True)
class SessionsConfig:
    """Streams that outlive their connections, for clients that ask for it."""

    keep_s: float = 60.0  # the longest that one is kept for who lost its connection; 0: none is
    store: str = ""  # redis://host:port, where several gateways note which of them has which stream; empty: nowhere
    address: str = ""  # host:port of this gateway's gRPC as others reach it, with grpcs:// before it for TLS


@dataclass(frozen=True)
class JobsConfig:
    """The background jobs that callers submit, and a worker does: deploy/config/jobs.toml."""

    on: bool = True
    folder: str = ""  # where recordings and results lie; empty: no jobs. `parley up` names one by itself
    database: str = ""  # postgresql://user@host/name, for workers on several machines; empty: SQLite in the folder
    token: str = ""  # the secret that workers show, who then act for the keys that have submitted; the same in theirs
    folders: tuple[str, ...] = ()  # on this machine, or s3://bucket/..., in which recordings may be submitted by path
    hosts: tuple[str, ...] = ()  # from which they may be fetched, e.g. media.example.com or *.example.com
    # What deliveries to webhooks are signed with, whsec_ and 24 bytes or more in base64; empty: none are sent.
    webhook_secret: str = ""
    open_per_key: int = 10_000  # jobs of one key that have not ended
    bytes_per_key: int = 100 << 30  # of recordings and results that are kept for one key
    reserve_bytes: int = 1 << 30  # of the disk that jobs leave free


@dataclass(frozen=True)
class ReadyConfig:
    """What the gateway must be able to do so that /readyz says yes."""

    needs: tuple[str, ...] = ()  # stages; none: every one that has an upstream


@dataclass(frozen=True)
class ReferenceConfig:
    """Recordings whose right answer is known, sent through the live path now and then."""

    folder: str = ""  # NAME.wav with NAME.txt for asr, with NAME.clean.wav for denoise; empty: none
    every_s: float = 3600.0
    most: int = 20  # recordings of a stage
    key: str = ""  # the API key that they are sent with, where keys are asked for


@dataclass(frozen=True)
class RolloutsConfig:
    """How versions are judged, and who is told."""

    webhook: str = ""  # told what becomes of a canary: https://, or http:// on this machine
    webhook_secret: str = ""  # what it is signed with
    webhook_timeout_s: float = 5.0
    samples: int = 0  # answers of two versions to the same, kept in memory for `parley routes compare`; 0: none
    drift_psi: float = 0.25  # a distribution that is so far from its version's baseline has left it
    reference: ReferenceConfig = field(default_factory=ReferenceConfig)


@dataclass(frozen=True)
class Flag:
    """Who has an optional behaviour."""

    percent: float = 100.0  # of all sessions; a call without a session is one
    keys: tuple[str, ...] = ()  # names of API keys that have it anyway
    never: tuple[str, ...] = ()  # names of API keys that do not have it
    header: str = ""  # whoever sends this header has it: `name`, or `name: value`


@dataclass(frozen=True)
class FeaturesConfig:
    """Optional behaviours that not everybody has."""

    flags: dict[str, Flag] = field(default_factory=dict)  # denoise, diarize, translate, redact, shadow, cache
    file: str = ""  # instead of `flags`, a table each: read again when it changes
    provider: str = ""  # instead of both, module:name of what makes an OpenFeature provider


@dataclass(frozen=True)
class WyomingConfig:
    """Home Assistant's protocol, which has neither keys nor TLS: whoever reaches its port is served."""

    listen: str = ""  # host:port, usually port 10300; empty: nowhere
    open: bool = False  # to other machines too, if `listen` says so
    key: str = ""  # the API key that what comes there counts as, where keys are asked for


@dataclass(frozen=True)
class TwilioConfig:
    """Twilio's Media Streams, whose WebSockets carry no Authorization header."""

    auth_token: str = ""  # of the Twilio account, a former one behind a comma; empty: no signatures are asked for
    url: str = ""  # as TwiML names it, wss://..., where a proxy changes the host or the path; empty: as it is called
    key: str = ""  # the API key that signed calls without one count as


@dataclass(frozen=True)
class AudioSocketConfig:
    """Asterisk's AudioSocket, which has neither keys nor TLS: whoever reaches its port is served."""

    listen: str = ""  # host:port, e.g. 127.0.0.1:9092; empty: nowhere
    open: bool = False  # to other machines too, if `listen` says so
    key: str = ""  # the API key that what comes there counts as, where keys are asked for


@dataclass(frozen=True)
class TelephonyConfig:
    """Telephone calls, over Twilio's contract and Asterisk's."""

    # What a call gets that does not say otherwise, by the names of its parameters: language, webhook, redact, ...
    options: dict[str, str] = field(default_factory=dict)
    # What deliveries to webhooks are signed with, whsec_ and 24 bytes or more in base64; empty: none are sent.
    webhook_secret: str = ""
    private: tuple[str, ...] = ()  # hosts of webhooks that may have a private address
    twilio: TwilioConfig = field(default_factory=TwilioConfig)
    audiosocket: AudioSocketConfig = field(default_factory=AudioSocketConfig)


@dataclass(frozen=True)
class GatewayConfig:
    """The gateway's whole configuration."""

    # Stage -> its replicas: unix:/path or host:port; a name stands for every address that it has.
    upstreams: dict[str, tuple[str, ...]]
    http: str = "127.0.0.1:8080"
    grpc: str = "127.0.0.1:50051"
    local: str = ""  # a second gRPC address, of a Unix socket that only this account reaches: without TLS
    routes: dict[str, dict[str, int]] = field(default_factory=dict)  # alias -> name@version -> weight
    routes_file: str = ""  # beside or instead of `routes`: read again when it changes, written by `parley routes`
    # Stage -> what foreign clients call a model, * for any -> what is meant.
    aliases: dict[str, dict[str, str]] = field(default_factory=dict)
    # Who may come in, made by `parley keys`; empty: everybody, and programs on this machine may change routes.
    keys_file: str = ""
    wyoming: WyomingConfig = field(default_factory=WyomingConfig)
    telephony: TelephonyConfig = field(default_factory=TelephonyConfig)
    allow: AllowConfig = field(default_factory=AllowConfig)
    # Web pages of others that may call, open WebSockets and read what is answered, e.g. https://app.example.com. Where
    # none is named, a gateway that asks for keys takes calls of pages that show one.
    cors: tuple[str, ...] = ()
    tls: TlsConfig = field(default_factory=TlsConfig)
    insecure: bool = False  # listen to other machines without keys and TLS
    token: str = ""  # the secret that services ask for; the same in their configs
    upstream_tls: UpstreamTls = field(default_factory=UpstreamTls)  # where services ask for certificates
    reports: str = ""  # the load test's, shown to admins; empty: where `parley loadtest sla` puts them
    cache: CacheConfig = field(default_factory=CacheConfig)
    features: FeaturesConfig = field(default_factory=FeaturesConfig)
    audit: AuditConfig = field(default_factory=AuditConfig)
    voices: VoicesConfig = field(default_factory=VoicesConfig)
    sessions: SessionsConfig = field(default_factory=SessionsConfig)
    jobs: JobsConfig = field(default_factory=JobsConfig)
    stalls_s: dict[str, float] = field(default_factory=dict)  # stage -> how long it may hold up a pipeline
    # What no transcript shows, whoever asks: email, phone, card, iban, ssn. asr alone is refused then: pipelines hide.
    redact: tuple[str, ...] = ()
    drain_s: float = 10.0
    calls: CallConfig = field(default_factory=CallConfig)
    failover: FailoverConfig = field(default_factory=FailoverConfig)
    ready: ReadyConfig = field(default_factory=ReadyConfig)
    breaker: BreakerConfig = field(default_factory=BreakerConfig)
    limits: Limits = field(default_factory=Limits)
    rollouts: RolloutsConfig = field(default_factory=RolloutsConfig)
    telemetry: TelemetryConfig = field(default_factory=TelemetryConfig)
