"""What is said: recordings as 16 kHz PCM, and when somebody speaks in them. Must not know a server or a clock."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from parley.audio import media

RATE_HZ = 16_000
CHUNK_S = 0.1
LONGEST_S = 3600.0  # of a recording
CHUNK = round(2 * RATE_HZ * CHUNK_S)  # bytes
FRAME = RATE_HZ // 100
QUIET_DB = 35.0  # this much below the loudest is silence;
OVER_DB, SURE_DB = 5.0, 12.0  # so is what is hardly above what lies under it all, a fan, unless it is nearly loudest;
NOTHING_DB = -59.0  # of digital silence, as it is counted here
CLICK = 5  # so is what is over within this many frames: a key, a cup
SPEECH = Path(__file__).parents[1] / "speech"  # ordinary people, with their words
WORDS = "words.tsv"  # of a folder: a recording's name, and what is said in it
KINDS = (".flac", ".wav", ".mp3", ".ogg", ".opus", ".m4a", ".webm")
CLEAN = ".clean"  # before the ending of a recording's twin without noise
Samples = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Clip:
    """One recording."""

    name: str
    pcm: bytes  # 16 kHz, signed 16 bits, one channel
    text: str = ""  # what is said in it, where that is known
    clean: bytes = b""  # the same without its noise, where that is known

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.pcm) / (2 * RATE_HZ)

    def chunks(self) -> Iterator[bytes]:
        """In pieces of 100 ms, as a microphone gives them."""
        return (self.pcm[at : at + CHUNK] for at in range(0, len(self.pcm), CHUNK))

    @cached_property
    def _voiced(self) -> npt.NDArray[np.intp]:
        samples = np.frombuffer(self.pcm, np.int16).astype(np.float32)
        frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
        level = 20 * np.log10(np.sqrt((frames**2).mean(1)) + 1e-3) if len(frames) else np.zeros(0)
        recorded = level[level > NOTHING_DB]  # silence that was added tells nothing of the room
        under, top = np.percentile(recorded, 10) if len(recorded) else 0.0, level.max(initial=-60)
        loud = level > min(max(top - QUIET_DB, under + OVER_DB), top - SURE_DB)
        edges = np.flatnonzero(np.diff(loud.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)
        kept = [np.arange(start, end) for start, end in edges if end - start >= CLICK]
        return np.concatenate(kept) if kept else np.zeros(0, np.intp)

    def speech_ends(self, before_s: float) -> float:
        """When somebody was last heard before this, whatever a server says about it."""
        heard = self._voiced[(self._voiced + 1) * FRAME <= before_s * RATE_HZ + 1]
        return float((heard[-1] + 1) * FRAME / RATE_HZ) if len(heard) else 0.0

    def speech_begins(self, after_s: float) -> float:
        """When somebody is first heard after this."""
        heard = self._voiced[self._voiced * FRAME >= after_s * RATE_HZ - 1]
        return float(heard[0] * FRAME / RATE_HZ) if len(heard) else self.seconds


def read(path: Path, pause_s: float = 0.0) -> Clip:
    """A recording with silence behind it, as people pause.

    What is said in it is in `name.txt` beside it, or in the folder's `words.tsv`; the same without its noise may lie
    there as `name.clean.wav` (or .flac).
    """
    text, pause = path.with_suffix(".txt"), bytes(2 * round(pause_s * RATE_HZ))
    words = text.read_text("utf-8").strip() if text.exists() else words_in(path.parent).get(path.stem, "")
    twin = next((each for kind in KINDS if (each := path.with_suffix(f"{CLEAN}{kind}")).exists()), None)
    return Clip(path.stem, _sound(path) + pause, words, _sound(twin) + pause if twin else b"")


@lru_cache
def words_in(folder: Path) -> dict[str, str]:
    """What a folder's table says of its recordings, by their names without an ending."""
    table = folder / WORDS
    lines = table.read_text("utf-8").splitlines() if table.exists() else []
    pairs = [line.split("\t") for line in lines if line]
    if wrong := next((pair for pair in pairs if len(pair) != 2), None):
        raise ValueError(f"{table}: {wrong[0]!r} must have a tab and its words behind it.")
    return {Path(name).stem: words.strip() for name, words in pairs}


def _sound(path: Path) -> bytes:
    return media.read(path.read_bytes(), LONGEST_S, RATE_HZ).data


def folder(path: Path, pause_s: float = 0.0) -> list[Clip]:
    """Every recording in a folder."""
    found = [each for each in sorted(path.iterdir()) if each.suffix in KINDS and not each.stem.endswith(CLEAN)]
    clips = [read(each, pause_s) for each in found]
    if not clips:
        raise FileNotFoundError(f"{path} has no recording ({', '.join(KINDS)}); name a folder that has some.")
    return clips


def flushed(clip: Clip, after_s: float) -> Clip:
    """The same, cut so long after its last word: who talks to a machine ends the stream when nobody speaks any more.

    Some silence before it makes its chunks whole, so that the last one is not late.
    """
    size = 2 * round((clip.speech_ends(clip.seconds) + after_s) * RATE_HZ)
    lead = bytes(-size % CHUNK)
    clean = lead + clip.clean[:size] if clip.clean else b""
    return replace(clip, pcm=lead + clip.pcm[:size].ljust(size, b"\0"), clean=clean)


def joined(parts: Iterable[Clip], pause_s: float, name: str = "joined") -> Clip:
    """One recording of several, with silence behind each."""
    named, pause = list(parts), bytes(2 * round(pause_s * RATE_HZ))
    return Clip(name, b"".join(each.pcm + pause for each in named), " ".join(each.text for each in named))


def noisy(clip: Clip, snr_db: float, seed: int = 0) -> Clip:
    """With noise this far below the voice; the same every time."""
    voice = np.frombuffer(clip.pcm, np.int16).astype(np.float32)
    noise = np.random.default_rng(seed).standard_normal(len(voice)).astype(np.float32)
    noise *= np.sqrt((voice**2).mean()) / 10 ** (snr_db / 20)
    loud = np.clip(voice + noise, -32768, 32767).astype(np.int16)
    return Clip(f"{clip.name}+{snr_db:g}dB", loud.tobytes(), clip.text, clip.pcm)
