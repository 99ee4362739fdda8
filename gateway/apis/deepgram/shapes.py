"""Words, alternatives and models as Deepgram writes them. Pure; must not know whether they come live."""

import string
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from parley.v1.asr_pb2 import Transcript, Word

Json = dict[str, Any]
ARCHITECTURE = "parley"
EDGES = string.punctuation + "\u2026\u201c\u201d\u00ab\u00bb\u00bf\u00a1\u3002\uff0c\uff1f\uff01"


class Numbers:
    """Speakers by number, from 0, in the order in which they came."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._before = 0  # streams to the stage that have ended: each numbers its speakers anew

    def of(self, speaker: str) -> Json:
        """The field of a word; none where nobody knows who spoke."""
        name = f"{self._before} {speaker}"
        return {"speaker": self._numbers.setdefault(name, len(self._numbers))} if speaker else {}

    def anew(self) -> None:
        """Whoever is called the same from now on may be somebody else."""
        self._before += 1


def seconds(duration: Any) -> float:
    """To the hundredth of a millisecond."""
    return float(round(duration.seconds + duration.nanos / 1e9, 5))


def plain(word: str) -> str:
    """A word without what is only written."""
    return word.strip(EDGES).lower() or word.lower()


def text_of(transcript: str, *, is_written: bool) -> str:
    """A text as it is, or its words alone."""
    return transcript.strip() if is_written else " ".join(map(plain, transcript.split()))


def spoken(words: Iterable[Word], offset_s: float, numbers: Numbers | None) -> list[Json]:
    """The words of a final."""
    return [
        {
            "word": plain(word.text),
            "start": round(offset_s + seconds(word.interval.start), 5),
            "end": round(offset_s + seconds(word.interval.end), 5),
            "confidence": round(word.confidence, 5),
            "punctuated_word": word.text,
            **(numbers.of(word.speaker) if numbers else {}),
        }
        for word in words
    ]


def guessed(guess: Transcript, offset_s: float) -> list[Json]:
    """The words of an interim: nobody knows yet where each is, so the longer a word, the more of the time is its."""
    texts, start = guess.text.split(), offset_s + seconds(guess.interval.start)
    letter_s = (offset_s + seconds(guess.interval.end) - start) / max(1, sum(map(len, texts)))
    words = []
    for text in texts:
        end = start + letter_s * len(text)
        times = {"start": round(start, 5), "end": round(end, 5)}
        words.append({"word": plain(text), **times, "confidence": round(guess.stability, 5), "punctuated_word": text})
        start = end
    return words


def alternative(text: str, words: Sequence[Json], languages: Iterable[str] = ()) -> Json:
    """The one alternative that there is."""
    confidence = round(sum(word["confidence"] for word in words) / max(1, len(words)), 5)
    found: Json = {"transcript": text, "confidence": confidence, "words": words}
    named = list(dict.fromkeys(filter(None, languages)))
    return found | ({"languages": named} if named else {})


def now() -> str:
    """The date and time as Deepgram writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def model_of(ref: str) -> tuple[str, Mapping[str, str]]:
    """A name@version as an id and a description."""
    name, _, version = ref.partition("@")
    return str(uuid5(NAMESPACE_URL, ref)), {"name": name, "version": version, "arch": ARCHITECTURE}
