"""What was heard -> OpenAI's answers, whole or event by event. Must not know HTTP or a request's fields."""

import json
import math
import zlib
from collections.abc import Callable, Iterator, Sequence

from gateway.apis.openai import subtitles
from gateway.pipeline.speakers import by_speaker
from gateway.recordings import Transcription
from parley.v1.asr_pb2 import Transcript, Word

PLAIN = "text/plain; charset=utf-8"
STREAMED = ("json", "text", "diarized_json")

Json = dict[str, object]
Writer = Callable[[Transcription, str, Sequence[str]], str]


def answer(heard: Transcription, shape: str, granularities: Sequence[str], task: str = "transcribe") -> tuple[str, str]:
    """A transcription as body and media type."""
    write, kind = _WRITERS[shape]
    return write(heard, task, granularities), kind


def _brief(heard: Transcription, task: str, granularities: Sequence[str]) -> str:
    body: Json = {"text": heard.text, "usage": _usage(heard)}
    if tokens := [token for final in heard.finals for token in _tokens(final)]:
        body["logprobs"] = tokens
    return _json(body)


def _tokens(final: Transcript) -> list[Json]:
    """Tokens with log probabilities; with their bytes, because a token may be part of a letter."""
    return [
        {
            "token": each.text.decode(errors="replace"),
            "bytes": list(each.text),
            "logprob": _number(each.log_probability),
        }
        for each in final.tokens
    ]


def _verbose(heard: Transcription, task: str, granularities: Sequence[str]) -> str:
    body: Json = {"task": task, "language": heard.language, "duration": round(heard.duration_s, 3)}
    body |= {"text": heard.text, "usage": _usage(heard)}
    if "segment" in granularities:
        body["segments"] = [_segment(n, final) for n, final in enumerate(heard.finals)]
    if "word" in granularities:
        body["words"] = [{"word": word.text, **_times(word)} for final in heard.finals for word in final.words]
    return _json(body)


def _diarized(heard: Transcription, task: str, granularities: Sequence[str]) -> str:
    body: Json = {"task": task, "duration": round(heard.duration_s, 3), "text": heard.text, "usage": _usage(heard)}
    segments = (_turn(part) for final in heard.finals for part in by_speaker(final))
    body["segments"] = [{"id": f"seg_{n}"} | segment for n, segment in enumerate(segments)]
    return _json(body)


def _json(body: Json) -> str:
    return json.dumps(body, ensure_ascii=False)


def _usage(heard: Transcription) -> Json:
    return {"type": "duration", "seconds": math.ceil(heard.duration_s)}


def _segment(number: int, final: Transcript) -> Json:
    raw = final.text.encode()
    return {
        "id": number,
        "seek": 0,
        **_times(final),
        "text": final.text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": _number(final.average_log_probability),
        "compression_ratio": round(len(raw) / len(zlib.compress(raw)), 3),
        "no_speech_prob": _number(final.no_speech_probability),
    }


def _number(value: float) -> float:
    """A number for JSON, which has no NaN."""
    return value if math.isfinite(value) else 0.0


def _times(said: Transcript | Word) -> Json:
    start, end = said.interval.start, said.interval.end
    return {"start": start.ToMilliseconds() / 1000, "end": end.ToMilliseconds() / 1000}


def _turn(part: Transcript) -> Json:
    said = {"speaker": _letters(part.speaker), "text": part.text.strip()}
    return {"type": "transcript.text.segment", **said, **_times(part)}


def _letters(speaker: str) -> str:
    """Speakers 1, 2, ... are A, B, ..., Z, AA, ...; a known name stays, and nobody is empty."""
    if not speaker.isdecimal():
        return speaker
    number, letters = int(speaker), ""
    while number > 0:
        number, place = divmod(number - 1, 26)
        letters = chr(ord("A") + place) + letters
    return letters


_WRITERS: dict[str, tuple[Writer, str]] = {
    "json": (_brief, "application/json"),
    "text": (lambda heard, *_: heard.text + "\n", PLAIN),
    "srt": (lambda heard, *_: subtitles.srt(heard.finals), PLAIN),
    "verbose_json": (_verbose, "application/json"),
    "vtt": (lambda heard, *_: subtitles.vtt(heard.finals), "text/vtt; charset=utf-8"),
    "diarized_json": (_diarized, "application/json"),
}
SHAPES = tuple(_WRITERS)


class StreamedTranscript:
    """A transcription as events: deltas that only ever append, and one `done` at the end."""

    def __init__(self, shape: str, tokens: bool = False) -> None:
        self._diarized = shape == "diarized_json"
        self._tokens: list[Json] | None = [] if tokens else None
        self._sent = ""
        self._segments = 0

    def more(self, final: Transcript) -> Iterator[Json]:
        """The events that a final adds."""
        pieces: list[Json] = (
            [_turn(part) for part in by_speaker(final)] if self._diarized else [{"text": final.text.strip()}]
        )
        for piece in pieces:
            delta: Json = {"type": "transcript.text.delta", "delta": self._appended(str(piece["text"]))}
            if not self._diarized:
                yield from [delta | self._with(final)] if delta["delta"] else []
                continue
            name = {"id": f"seg_{self._segments}"}
            self._segments += 1
            yield delta | {"segment_id": name["id"]}
            yield name | piece

    def _with(self, final: Transcript) -> Json:
        if self._tokens is None:
            return {}
        tokens = _tokens(final)
        self._tokens += tokens
        return {"logprobs": tokens}

    def _appended(self, text: str) -> str:
        delta = f" {text}" if text and self._sent else text
        self._sent += delta
        return delta

    def done(self) -> Json:
        """The last event, with the whole text."""
        done: Json = {"type": "transcript.text.done", "text": self._sent}
        return done if self._tokens is None else done | {"logprobs": self._tokens}
