"""OpenAI's audio API <-> ours. Must not know HTTP."""

import json
import math
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gateway.compat import subtitles
from gateway.fields import Fields
from gateway.files import Heard
from parley.errors import Code, FieldInvalid, ParleyError
from parley.v1.asr_pb2 import AsrConfig, Transcript, Word
from parley.v1.pipeline_pb2 import PipelineConfig

SHAPES = ("json", "text", "srt", "verbose_json", "vtt")
GRANULARITIES = ("segment", "word")
PLAIN = "text/plain; charset=utf-8"

Json = dict[str, object]


@dataclass(frozen=True)
class Wishes:
    """What a transcription request asks for."""

    config: PipelineConfig
    shape: str
    granularities: tuple[str, ...]


def asked(fields: Fields) -> Wishes:
    """A transcription request in our words."""
    if fields.flag("stream"):
        raise FieldInvalid("`stream` is not offered here; leave it out, or stream over /v1/pipeline.", field="stream")
    fields.number("temperature", 0.0, 1.0)
    shape, granularities = fields.choice("response_format", SHAPES), _granularities(fields)
    asr = AsrConfig(language=fields.text("language"), prompt=fields.text("prompt"), word_times="word" in granularities)
    return Wishes(PipelineConfig(asr=asr, models=_models(fields.text("model"))), shape, granularities)


def _models(name: str) -> Mapping[str, str]:
    """whisper-1 and its like mean "your model": only our own names choose one."""
    if not name:
        raise FieldInvalid("`model` is missing; any name will do, e.g. whisper-1.", field="model")
    return {"asr": name} if "@" in name or name.startswith("asr/") else {}


def _granularities(fields: Fields) -> tuple[str, ...]:
    names = fields.texts("timestamp_granularities")
    for name in names:
        if name not in GRANULARITIES:
            said = f"`timestamp_granularities` has {name!r}; say word or segment."
            raise FieldInvalid(said, field="timestamp_granularities")
    return tuple(names) or ("segment",)


def answer(wishes: Wishes, heard: Heard) -> tuple[str, str]:
    """A transcription as body and media type."""
    write, kind = _WRITERS[wishes.shape]
    return write(wishes, heard), kind


def _brief(wishes: Wishes, heard: Heard) -> str:
    return json.dumps({"text": heard.text, "usage": _usage(heard)}, ensure_ascii=False)


def _verbose(wishes: Wishes, heard: Heard) -> str:
    told: Json = {
        "task": "transcribe",
        "language": next((each.language for each in heard.finals if each.language), wishes.config.asr.language),
        "duration": round(heard.duration_s, 3),
        "text": heard.text,
        "usage": _usage(heard),
    }
    if "segment" in wishes.granularities:
        told["segments"] = [_segment(n, final) for n, final in enumerate(heard.finals)]
    if "word" in wishes.granularities:
        told["words"] = [_word(word) for final in heard.finals for word in final.words]
    return json.dumps(told, ensure_ascii=False)


def _usage(heard: Heard) -> Json:
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
    """JSON has no NaN."""
    return value if math.isfinite(value) else 0.0


def _word(word: Word) -> Json:
    return {"word": word.text, **_times(word)}


def _times(piece: Transcript | Word) -> Json:
    interval = piece.interval
    return {"start": interval.start.ToMilliseconds() / 1000, "end": interval.end.ToMilliseconds() / 1000}


_WRITERS: dict[str, tuple[Callable[[Wishes, Heard], str], str]] = {
    "json": (_brief, "application/json"),
    "text": (lambda _, heard: heard.text + "\n", PLAIN),
    "srt": (lambda _, heard: subtitles.srt(heard.finals), PLAIN),
    "verbose_json": (_verbose, "application/json"),
    "vtt": (lambda _, heard: subtitles.vtt(heard.finals), "text/vtt; charset=utf-8"),
}


def models(names: list[str]) -> Json:
    """The list of models."""
    return {
        "object": "list",
        "data": [{"id": each, "object": "model", "created": 0, "owned_by": "parley"} for each in names],
    }


def refusal(error: ParleyError, status: int) -> Json:
    """An error in OpenAI's shape."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    code = "model_not_found" if error.code is Code.NOT_FOUND else error.reason.lower()
    param = error.field or None if isinstance(error, FieldInvalid) else None
    told = {"message": str(error), "type": "rate_limit_error" if status == 429 else kind, "param": param, "code": code}
    return {"error": told | ({"report": error.report} if error.report else {})}
