"""OpenAI's audio API -> ours, and what it says beside transcripts. Must not know HTTP."""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gateway.apis.openai.answers import SHAPES, STREAMED
from gateway.http.fields import Fields
from parley.errors import Code, FieldInvalid, ParleyError
from parley.v1.asr_pb2 import AsrConfig
from parley.v1.pipeline_pb2 import PipelineConfig

TRANSLATED = tuple(shape for shape in SHAPES if shape != "diarized_json")
GRANULARITIES = ("segment", "word")
TOLD_APART = ("verbose_json", "srt", "vtt", "diarized_json")  # sentence by sentence, with times
LOGPROBS = "logprobs"
MOST_VOICES = 4
HEARD = ("file", "model", "language", "prompt", "temperature", "response_format", "keywords")
IN_ENGLISH = HEARD
FIELDS = (
    *HEARD, "stream", "per_channel", "timestamp_granularities", "known_speaker_names", "known_speaker_references",
    "languages", "include", "chunking_strategy",
)  # fmt: skip

Json = dict[str, object]
Named = Callable[[str], str]  # a client's name for a model -> ours


@dataclass(frozen=True)
class TranscriptionRequest:
    """What a transcription request asks for."""

    config: PipelineConfig
    shape: str
    granularities: tuple[str, ...] = ("segment",)
    streamed: bool = False
    voices: Mapping[str, bytes] = field(default_factory=dict)  # name -> a file in which only that person speaks


def asked(fields: Fields, named: Named) -> TranscriptionRequest:
    """A transcription request in our words."""
    fields.only(FIELDS)
    streamed = fields.flag("stream")
    shape, granularities = fields.choice("response_format", SHAPES), _granularities(fields)
    if streamed and shape not in STREAMED:
        message = f"`stream` goes with a response_format of {', '.join(STREAMED)}; leave one of the two out."
        raise FieldInvalid(message, field="stream")
    config, voices = _config(fields, named, shape), _voices(fields)
    config.asr.tokens = _wants_logprobs(fields, shape)
    config.per_channel = fields.flag("per_channel")
    if config.per_channel and voices:
        message = "With `per_channel` each channel is one speaker; leave `known_speaker_names` out."
        raise FieldInvalid(message, field="known_speaker_names")
    if shape == "diarized_json" and not config.per_channel:
        config.diarize.SetInParent()
    return TranscriptionRequest(config, shape, granularities, streamed, voices if shape == "diarized_json" else {})


def asked_in_english(fields: Fields, named: Named) -> TranscriptionRequest:
    """A request for a recording's words in English."""
    fields.only(IN_ENGLISH)
    shape = fields.choice("response_format", TRANSLATED)
    return TranscriptionRequest(_config(fields, named, shape), shape)


def _config(fields: Fields, named: Named, shape: str) -> PipelineConfig:
    fields.number("temperature", 0.0, 1.0)
    asr = AsrConfig(
        language=(language := fields.text("language")),
        languages=() if language else fields.texts("languages"),
        prompt=fields.text("prompt"),
        phrases=fields.texts("keywords"),
        hints_only=True,  # to OpenAI's clients they are
        recording=True,
        word_times=shape in TOLD_APART,
    )
    return PipelineConfig(asr=asr, models=chosen(named(_model(fields))))


def _model(fields: Fields) -> str:
    if not (name := fields.text("model")):
        raise FieldInvalid("`model` is missing; write whisper-1, or one of GET /v1/models.", field="model")
    return name


def chosen(name: str) -> Mapping[str, str]:
    """The model to ask for; empty leaves the choice to the routes."""
    return {"asr": name} if name else {}


def _wants_logprobs(fields: Fields, shape: str) -> bool:
    names = fields.texts("include")
    for name in names:
        if name != LOGPROBS:
            raise FieldInvalid(f"`include` has {name!r}; say {LOGPROBS}, or leave it out.", field="include")
    if names and shape != "json":
        raise FieldInvalid(f"`include` of {LOGPROBS} goes with a response_format of json.", field="include")
    return bool(names)


def _granularities(fields: Fields) -> tuple[str, ...]:
    names = fields.texts("timestamp_granularities")
    for name in names:
        if name not in GRANULARITIES:
            message = f"`timestamp_granularities` has {name!r}; say word or segment."
            raise FieldInvalid(message, field="timestamp_granularities")
    return tuple(names) or ("segment",)


def _voices(fields: Fields) -> Mapping[str, bytes]:
    names, files = fields.texts("known_speaker_names"), fields.texts("known_speaker_references")
    if len(names) != len(files) or len(names) > MOST_VOICES:
        message = f"`known_speaker_names` needs one of `known_speaker_references` each, and at most {MOST_VOICES}."
        raise FieldInvalid(message, field="known_speaker_names")
    return {name: _data(file) for name, file in zip(names, files, strict=True)}


def _data(url: str) -> bytes:
    head, _, data = url.partition(",")
    try:
        if not (head.startswith("data:") and head.endswith(";base64")):
            raise ValueError
        return base64.b64decode(data, validate=True)
    except (ValueError, binascii.Error):
        message = "`known_speaker_references` takes data URLs: data:audio/wav;base64,..."
        raise FieldInvalid(message, field="known_speaker_references") from None


def models(names: list[str], provenance: Mapping[str, Mapping[str, str]]) -> Json:
    """The list of models; where each version comes from is ours, beside their shape."""
    common = {"object": "model", "created": 0, "owned_by": "parley"}
    known = {name: {"provenance": dict(provenance[name])} for name in names if name in provenance}
    return {"object": "list", "data": [{"id": each, **common, **known.get(each, {})} for each in names]}


def refusal(error: ParleyError, status: int) -> Json:
    """An error in OpenAI's shape."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    code = "model_not_found" if error.code is Code.NOT_FOUND else error.reason.lower()
    param = error.field or None if isinstance(error, FieldInvalid) else None
    body = {"message": str(error), "type": "rate_limit_error" if status == 429 else kind, "param": param, "code": code}
    return {"error": body | ({"report": error.report} if error.report else {})}
