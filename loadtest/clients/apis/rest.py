"""OpenAI's REST API: whole recordings, as any server that speaks it takes them."""

import httpx

from loadtest.address import Where
from loadtest.measured.clips import RATE_HZ, Clip
from loadtest.measured.hdr import Book
from loadtest.measured.samples import Samples
from loadtest.measured.words import compare
from parley.audio import media

TIMEOUT_S = 60.0
LENGTHS_S = (3, 10, 30, 120)


class RestFiles:
    """A program that sends recordings."""

    def __init__(self, where: Where, clips: list[Clip], samples: Samples) -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=100)
        self._http = httpx.AsyncClient(base_url=where.http, headers=where.credentials, timeout=TIMEOUT_S, limits=limits)
        self._model = where.model
        self._files = [(clip, media.wav(clip.pcm, RATE_HZ)) for clip in clips]
        self._samples = samples
        self._wanted: dict[str, str] = {}

    async def calm(self) -> None:
        """What each recording gives when there is time."""
        for clip, file in self._files:
            self._wanted[clip.name] = await self._transcribe(file)

    def lasts(self, n: int) -> float:
        """Files are sent at once."""
        return 0.0

    async def call(self, n: int, due: float, book: Book) -> None:
        """One recording."""
        clip, file = self._files[n % len(self._files)]
        text = await self._transcribe(file)
        book.late("rest", due)
        book.late(f"rest of {_length(clip)}", due)
        book.count("audio s", due, clip.seconds)
        wanted = self._wanted.get(clip.name, "")
        if wanted:
            found = compare(wanted, text)
            book.count("lost words", due, found.lost)
            book.count("doubled words", due, found.doubled)
            book.count("changed words", due, found.changed)
            book.count("words", due, len(text.split()))
        self._samples.keep(clip, text, wanted)

    async def _transcribe(self, file: bytes) -> str:
        sent = {"file": ("clip.wav", file, "audio/wav")}
        answer = await self._http.post("/v1/audio/transcriptions", files=sent, data={"model": self._model})
        if answer.status_code != httpx.codes.OK:
            raise Refused(answer.status_code)
        return str(answer.json()["text"])

    async def close(self) -> None:
        """Hang up."""
        await self._http.aclose()


def _length(clip: Clip) -> str:
    """Long recordings take longer: each kind has its own curve."""
    under_s = next((each for each in LENGTHS_S if clip.seconds <= each), 0)
    return f"up to {under_s} s" if under_s else f"over {LENGTHS_S[-1]} s"


class Refused(Exception):
    """An HTTP status that is no answer."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status}")
        self.reason = f"HTTP_{status}"
