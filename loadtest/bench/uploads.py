"""What a long recording costs the gateway over HTTP, beside only decoding it. Must not know how it is reported."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx

from loadtest.target.processes import ServerProcesses
from parley.audio.media import MediaDecoder
from parley.audio.recorder import Flac, Recorder, Wav

SECONDS = 600
LONGEST_S = 3600.0
PATIENCE_S = 300.0
FILES: dict[str, tuple[Callable[[int, int | None], Recorder], int]] = {
    "WAV, 16 kHz": (Wav, 16_000),
    "FLAC, 48 kHz": (Flac, 48_000),
}


@dataclass(frozen=True)
class Upload:
    """One recording, sent once."""

    what: str
    decode_s: float  # CPU of only decoding it
    gateway_s: float  # CPU of the gateway
    wall_s: float  # until its words were back

    @property
    def over_s(self) -> float:
        """What the gateway costs over decoding."""
        return self.gateway_s - self.decode_s

    @property
    def share(self) -> float:
        """The same, of a core while it worked."""
        return self.over_s / self.wall_s


def recordings() -> Iterator[tuple[str, bytes]]:
    """Ten minutes in each kind: a second of a rough tone, again and again."""
    for what, (kind, rate_hz) in FILES.items():
        second = b"".join(
            ((n * n // 3 + 997 * n) % 8000 - 4000).to_bytes(2, "little", signed=True) for n in range(rate_hz)
        )
        file = kind(rate_hz, rate_hz * SECONDS)
        yield what, b"".join([*(file.write(second) for _ in range(SECONDS)), file.end()])


def upload(processes: ServerProcesses, http: str, what: str, file: bytes) -> Upload:
    """Send it, and decode it here."""
    before = time.process_time()
    for _ in MediaDecoder(file, LONGEST_S).blocks(10.0):
        pass
    decode_s = time.process_time() - before
    before, began = processes.cpu_s("gateway"), time.monotonic()
    sent = {"files": {"file": ("talk", file)}, "data": {"model": "whisper-1"}}
    httpx.post(f"http://{http}/v1/audio/transcriptions", timeout=PATIENCE_S, **sent).raise_for_status()  # type: ignore[arg-type]
    return Upload(what, decode_s, processes.cpu_s("gateway") - before, time.monotonic() - began)
