"""Who is measured: what pip installs, how each is started, and through which API of the harness it is talked to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LIVE, TTFS, FILES, LONG = "live", "ttfs", "files", "long"
ROWS = (LIVE, TTFS, FILES, LONG)
TORCH = "torch==2.13.0"  # of the processor only, and first: what depends on it must not fetch another
HUB_MODEL = "openai/whisper-tiny.en"  # under this name the weights lie in speaches' hub cache


@dataclass(frozen=True)
class Spot:
    """Where a peer runs."""

    python: Path  # of its virtual environment
    weights: Path  # a folder as faster-whisper reads it
    home: Path  # its caches
    port: int


Command = Callable[[Spot], Sequence[str]]


@dataclass(frozen=True)
class Peer:
    """One server to compare with."""

    name: str
    rows: tuple[str, ...]
    pins: tuple[tuple[str, ...], ...] = ()  # what pip is asked for, one call after the other; nothing: it is us
    command: Command | None = None  # none: a library, not a server
    api: str = ""  # for people who speak
    flushes: bool = False  # a client can say that a turn is over
    env: Mapping[str, str] = field(default_factory=dict)
    python: str = ""  # where it wants another one than ours
    checkout: bool = False  # it is no package: whoever wants it measured names the folder of its source
    note: str = ""  # what the table must say about how it was run


WHISPER_LIVE = """
from whisper_live.server import TranscriptionServer
TranscriptionServer().run("127.0.0.1", port={port}, backend="faster_whisper", single_model=True,
    faster_whisper_custom_model_path={weights!r}, max_clients=100, max_connection_time=3600)
"""


def _whisper_live(spot: Spot) -> Sequence[str]:
    return str(spot.python), "-c", WHISPER_LIVE.format(port=spot.port, weights=str(spot.weights))


def _whisperlivekit(spot: Spot) -> Sequence[str]:
    way = ("--backend", "faster-whisper", "--backend-policy", "localagreement", "--model_dir", str(spot.weights))
    where = ("--host", "127.0.0.1", "--port", str(spot.port), "--pcm-input", "--lan", "en", "--warmup-file", "")
    return str(spot.python), "-m", "whisperlivekit.basic_server", *where, *way


def _speaches(spot: Spot) -> Sequence[str]:
    starter = Path(__file__).with_name("start_speaches.py")
    return str(spot.python), str(starter), str(spot.port)


FASTER_WHISPER = ("faster-whisper==1.2.1", "ctranslate2==4.8.5")
SPEACHES_NEEDS = (
    "faster-whisper==1.1.1",  # the last one with the detector of speech that it reads
    "ctranslate2==4.8.5",
    "av>=15,<16",
    "aiortc>=1.13",
    "aiostream>=0.7",
    "cachetools>=6.1",
    "fastapi==0.121.1",
    "httpx-sse>=0.4",
    "httpx-ws>=0.7",
    "huggingface-hub>=0.33,<1",
    "openai[realtime]>=2.7,<3",
    "opentelemetry-exporter-otlp>=1.40",
    "pydantic-settings>=2.10",
    "python-multipart",
    "soundfile>=0.13",
    "uvicorn>=0.35",
    "hatchling",
)
PEERS = (
    Peer("parley", ROWS, api="asr", flushes=True),
    Peer("faster-whisper", (FILES, LONG), (FASTER_WHISPER,), note="`WhisperModel.transcribe`, beam 5"),
    Peer("faster-whisper-batched", (FILES, LONG), (FASTER_WHISPER,), note="`BatchedInferencePipeline`, 8 at a time"),
    Peer(
        "speaches",
        ROWS,
        (SPEACHES_NEEDS,),
        _speaches,
        "speaches",
        env={
            "WHISPER__COMPUTE_TYPE": "int8",
            "ENABLE_UI": "false",
            "LOG_LEVEL": "warning",
            "OTEL_SDK_DISABLED": "true",
        },
        python="python3.12",
        checkout=True,
        note="its own detector ends turns: it does not survive a flush in mid-speech",
    ),
    Peer(
        "whisper-live",
        (LIVE, TTFS),
        (
            (TORCH,),
            ("--no-deps", "whisper-live==0.10.0"),
            (*FASTER_WHISPER, "websockets==15.0.1", "scipy", "fastapi", "uvicorn", "python-multipart"),
        ),
        _whisper_live,
        "whisper-live",
        note="no flush; without what only its other engines need",
    ),
    Peer(
        "whisperlivekit",
        (LIVE, TTFS),
        (
            (TORCH,),
            ("--no-deps", "whisperlivekit==0.2.26"),
            (*FASTER_WHISPER, "websockets==15.0.1", "librosa", "soundfile", "tiktoken", "fastapi", "uvicorn"),
            ("python-multipart",),
        ),
        _whisperlivekit,
        "whisperlivekit",
        flushes=True,
        note="LocalAgreement: its other policy reads other weights",
    ),
)


def named(names: Sequence[str]) -> list[Peer]:
    """These, or all."""
    known = {peer.name: peer for peer in PEERS}
    if strange := next((name for name in names if name not in known), None):
        raise SystemExit(f"There is no peer {strange!r}; there are {', '.join(known)}.")
    return [known[name] for name in names] or list(PEERS)
