"""What a worker of jobs is configured with."""

from dataclasses import dataclass, field

from parley.telemetry import TelemetryConfig

DAY_S = 86_400.0


@dataclass(frozen=True, kw_only=True)
class WorkerConfig:
    """The worker's whole configuration."""

    folder: str  # where recordings and results lie; the same as the gateway's `jobs.folder`
    database: str = ""  # the same as the gateway's `jobs.database`; empty: SQLite in the folder
    gateway: str = "127.0.0.1:50051"  # its gRPC address: host:port, grpcs://host:port or unix:/path
    token: str = ""  # the same as the gateway's `jobs.token`: the worker acts for the keys that have submitted
    at_once: int = 4  # jobs at a time: windows of several recordings make fuller batches
    attempts: int = 20  # of a job that keeps failing for reasons that may pass
    keep_s: float = 7 * DAY_S  # how long a job that has ended is kept, with all that belongs to it
    audio_s: float = DAY_S  # the longest recording
    piece_s: float = 600.0  # longer ones are recognised in pieces of about that; 0: never
    fetch_bytes: int = 2 << 30  # the largest recording that is fetched from an address,
    fetch_s: float = 600.0  # and the longest that it may take
    webhook_secret: str = ""  # the same as the gateway's `jobs.webhook_secret`
    webhook_tries: int = 10  # of one delivery, over about half a day
    private: tuple[str, ...] = ()  # hosts that may have a private address
    telemetry: TelemetryConfig = field(default_factory=TelemetryConfig)
