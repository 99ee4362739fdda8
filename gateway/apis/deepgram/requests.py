"""Deepgram's query -> ours, and its errors. Must not know HTTP, a socket or what is answered.

What only tunes is taken and not used, as their own server takes names that it does not know. What would change the
words, or where they go, and cannot be done here is refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import uuid4

from gateway.http.fields import Fields
from parley.errors import Code, FieldInvalid, ParleyError
from parley.nearest import advice
from parley.v1.asr_pb2 import AsrConfig, Endpointing
from parley.v1.audio_pb2 import AudioEncoding, AudioFormat
from parley.v1.pipeline_pb2 import PipelineConfig

ENCODINGS = {
    "linear16": AudioEncoding.AUDIO_ENCODING_PCM_S16LE,
    "linear32": AudioEncoding.AUDIO_ENCODING_PCM_F32LE,
    "mulaw": AudioEncoding.AUDIO_ENCODING_MULAW,
    "alaw": AudioEncoding.AUDIO_ENCODING_ALAW,
}
CONTAINERS = ("flac", "ogg-opus")  # their first bytes say what they are
LEAST_SILENCE_MS, MOST_SILENCE_MS = 300, 25_000  # that ends an utterance: shorter pauses are inside of words
LEAST_UTTERANCE_END_MS = 1_000
LIVE = (
    "model", "language", "encoding", "sample_rate", "channels", "multichannel", "interim_results", "endpointing",
    "utterance_end_ms", "vad_events", "diarize", "diarize_model", "punctuate", "smart_format", "keyterm", "keywords",
    "language_hint", "redact",
)  # fmt: skip
WHOLE = (
    "model", "language", "detect_language", "encoding", "sample_rate", "channels", "multichannel", "diarize",
    "diarize_model", "punctuate", "smart_format", "utterances", "keyterm", "keywords", "language_hint",
    "redact",
)  # fmt: skip
REDACTED: Mapping[str, tuple[str, ...]] = {  # what Deepgram calls it -> what we do
    "pci": ("card",),
    "ssn": ("ssn",),
    "pii": ("email", "phone", "card", "iban", "ssn"),
    "true": ("email", "phone", "card", "iban", "ssn"),
    "email_address": ("email",),
    "phone_number": ("phone",),
    "credit_card": ("card",),
    **{kind: (kind,) for kind in ("email", "phone", "card", "iban")},
}
REFUSED: Mapping[str, str] = {
    "profanity_filter": "words are written as they are said",
    "callback": "answers go back on the same connection",
}

Json = dict[str, object]
Named = Callable[[str], str]  # a client's name for a model -> ours


@dataclass(frozen=True)
class ListenRequest:
    """What a query asks for."""

    config: PipelineConfig  # without a format where a file's header says it
    form: AudioFormat | None
    has_speakers: bool = False
    is_written: bool = False  # with capitals and punctuation
    has_languages: bool = False
    has_utterances: bool = False
    vad_events: bool = False
    has_endpoints: bool = True
    utterance_end_s: float = 0.0  # 0: not told


def live(fields: Fields, named: Named) -> ListenRequest:
    """The query of a WebSocket."""
    config = _config(fields, named)
    config.asr.report_answered, config.asr.interim_results = True, fields.flag("interim_results")
    endpoint_ms = _endpoint_ms(fields)
    if endpoint_ms:
        config.asr.endpointing.CopyFrom(_endpointing(endpoint_ms))
    return _request(
        fields,
        config,
        vad_events=fields.flag("vad_events"),
        has_endpoints=endpoint_ms is not None,
        utterance_end_s=_utterance_end_s(fields),
    )


def whole(fields: Fields, named: Named) -> ListenRequest:
    """The query of a request with a recording."""
    config = _config(fields, named)
    config.asr.recording = True
    return _request(fields, config, has_utterances=fields.flag("utterances"))


def _request(fields: Fields, config: PipelineConfig, **more: object) -> ListenRequest:
    is_written = fields.flag("punctuate") or fields.flag("smart_format")
    form, speakers = _form(fields), config.HasField("diarize")
    if form is not None:
        config.format.CopyFrom(form)
    return ListenRequest(config, form, speakers, is_written, not config.asr.language, **more)  # type: ignore[arg-type]


def _config(fields: Fields, named: Named) -> PipelineConfig:
    _refuse(fields)
    language = "" if fields.flag("detect_language") else fields.text("language").replace("multi", "")
    asr = AsrConfig(
        language=language,
        languages=() if language else fields.texts("language_hint"),
        word_times=True,
        phrases=[each.partition(":")[0] for name in ("keyterm", "keywords") for each in fields.texts(name)],
        hints_only=True,
    )
    config = PipelineConfig(asr=asr, per_channel=fields.flag("multichannel"), redact=_redacted(fields))
    if model := named(fields.text("model")):
        config.models["asr"] = model
    if fields.flag("diarize") or fields.text("diarize_model"):
        if config.per_channel:
            message = "With `multichannel` each channel is one speaker; leave `diarize` out."
            raise FieldInvalid(message, field="diarize")
        config.diarize.SetInParent()
    return config


def _refuse(fields: Fields) -> None:
    for name, why in REFUSED.items():
        if any(each.lower() not in ("", "false") for each in fields.texts(name)):
            raise FieldInvalid(f"`{name}` is not there: {why}; leave it out.", field=name)


def _redacted(fields: Fields) -> list[str]:
    """What is hidden; what nobody can find here is refused, not shown."""
    wanted = [each.lower() for each in fields.texts("redact") if each.lower() not in ("", "false")]
    for each in wanted:
        if each not in REDACTED:
            message = f"`redact` is {each!r}, which is not found here; {advice(each, REDACTED)}"
            raise FieldInvalid(message, field="redact")
    return list(dict.fromkeys(kind for each in wanted for kind in REDACTED[each]))


def _form(fields: Fields) -> AudioFormat | None:
    """What bare samples are; None: a file's header says it."""
    encoding = fields.text("encoding")
    channels, rate_hz = fields.count("channels", 8) or 1, fields.count("sample_rate", 48_000)
    if not encoding or encoding in CONTAINERS:
        return None
    if encoding not in ENCODINGS:
        known = ", ".join((*ENCODINGS, *CONTAINERS))
        raise FieldInvalid(f"`encoding` is {encoding!r}; say one of {known}, or none for a file.", field="encoding")
    if rate_hz < 8_000:
        raise FieldInvalid("With `encoding` say `sample_rate` too, from 8000 to 48000.", field="sample_rate")
    return AudioFormat(encoding=ENCODINGS[encoding], sample_rate_hz=rate_hz, channels=channels)


def _endpoint_ms(fields: Fields) -> int | None:
    """Silence in ms that ends an utterance; 0: as usual; None: where it ends is not told."""
    value = fields.text("endpointing").lower()
    if value == "false":
        return None
    return 0 if value in ("", "true") else fields.count("endpointing", MOST_SILENCE_MS)


def _endpointing(silence_ms: int) -> Endpointing:
    endpointing = Endpointing()
    endpointing.stop_silence.FromMilliseconds(max(LEAST_SILENCE_MS, silence_ms))
    return endpointing


def _utterance_end_s(fields: Fields) -> float:
    given = fields.count("utterance_end_ms", MOST_SILENCE_MS)
    if given and given < LEAST_UTTERANCE_END_MS:
        message = f"`utterance_end_ms` is {given}; give at least {LEAST_UTTERANCE_END_MS}."
        raise FieldInvalid(message, field="utterance_end_ms")
    return given / 1000


CODES = {
    Code.INVALID_ARGUMENT: "Bad Request",
    Code.UNAUTHENTICATED: "INVALID_AUTH",
    Code.PERMISSION_DENIED: "INSUFFICIENT_PERMISSIONS",
    Code.RESOURCE_EXHAUSTED: "TOO_MANY_REQUESTS",
    Code.DEADLINE_EXCEEDED: "GATEWAY_TIMEOUT",
}


def refusal(error: ParleyError, status: int) -> Json:
    """An error in Deepgram's shape."""
    code = CODES.get(error.code, "Bad Request" if status < 500 else error.reason)
    body: Json = {"err_code": code, "err_msg": str(error), "request_id": str(uuid4())}
    return body | ({"report": error.report} if error.report else {})
