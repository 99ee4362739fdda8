"""The OpenAPI document: what every HTTP door takes and gives, with examples. Must not know how a door works."""

from gateway.compat.openai import GRANULARITIES, SHAPES
from gateway.schema import Json, ref, schemas
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineResponse

REASONS = {
    "400": "The request cannot be understood; the message says what would be right.",
    "404": "There is no such model.",
    "408": "The body does not arrive.",
    "413": "The body is too large.",
    "429": "Too many calls are open; come back after Retry-After.",
    "500": "Something broke; the message names the log's report.",
    "503": "A stage cannot serve; come back after Retry-After.",
    "504": "The work took longer than a request may.",
}
FILE: Json = {"type": "string", "format": "binary", "description": "WAV, MP3, M4A, FLAC, OGG or WebM."}
MODEL: Json = {"type": "string", "description": "An exact name@version or an alias stage/name.", "examples": ["echo@1"]}
TEXT: Json = {"type": "string"}
SERVED: Json = {
    "parley-model": {"description": "The exact model that served.", "schema": TEXT},
    "parley-notices": {"description": "Stage and reason of what did not go as asked; absent: all did.", "schema": TEXT},
}


def _content(kind: str, schema: Json, example: object = None) -> Json:
    return {kind: {"schema": schema} | ({} if example is None else {"example": example})}


def _object(required: tuple[str, ...] = (), **properties: Json) -> Json:
    return {"type": "object", "properties": properties} | ({"required": list(required)} if required else {})


def _refusals(shape: str) -> Json:
    return {
        status: {"description": said, "content": _content("application/json", ref(shape))}
        for status, said in REASONS.items()
    }


def _door(summary: str, good: Json, body: Json | None = None, shape: str = "Error", curl: str = "") -> Json:
    told: Json = {"summary": summary, "responses": {"200": good} | _refusals(shape)}
    if body is not None:
        told["requestBody"] = {"required": True, "content": body}
    return told | ({"x-curl": curl} if curl else {})


def _good(said: str, content: Json, headers: Json | None = None) -> Json:
    return {"description": said, "content": content} | ({"headers": headers} if headers else {})


TRANSCRIPTION = _object(
    ("file", "model"),
    file=FILE,
    model={
        "type": "string",
        "description": "name@version, asr/alias, or any other name for ours.",
        "examples": ["whisper-1"],
    },
    language={"type": "string", "description": "BCP-47 tag; empty: the model's own.", "examples": ["en"]},
    prompt={"type": "string", "description": "Text that came before."},
    response_format={"type": "string", "enum": list(SHAPES), "default": "json"},
    temperature={"type": "number", "minimum": 0, "maximum": 1, "description": "Accepted and not used."},
    stream={"type": "boolean", "enum": [False], "description": "Only false; live words come over /v1/pipeline."},
    **{"timestamp_granularities[]": {"type": "array", "items": {"type": "string", "enum": list(GRANULARITIES)}}},
)
CALL = "curl -F file=@talk.wav"
TALK = "http://localhost:8080/v1/audio"
TURN = {"id": "t1", "speaker": "1", "interval": {"start": "0s", "end": "2.250s"}, "confidence": 0.9}
TURN |= {"track": "", "is_open": False}
TRANSLATION = _object(
    ("q", "target"),
    q={"oneOf": [TEXT, {"type": "array", "items": TEXT, "maxItems": 128}]},
    source={"type": "string", "default": "auto"},
    target=TEXT,
    format={"type": "string", "enum": ["text"], "default": "text"},
    model=MODEL,
)
TRANSLATE_ME = {"q": "Good morning.", "source": "en", "target": "de", "format": "text"}
STAGES: Json = {"type": "object", "additionalProperties": {"type": "boolean"}}
READY = _object(ready={"type": "boolean"}, missing={"type": "array", "items": TEXT}, stages=STAGES)
ALL_READY = {"ready": True, "missing": [], "stages": {"asr": True, "denoise": True, "diarize": True, "translate": True}}
PIPELINE = """A WebSocket. Send a PipelineConfig as the first text frame, then PCM as binary frames and controls as text
frames: {"control": "flush"} answers everything so far, {"control": "end"} ends the audio. Back come events as text
frames, each one field of PipelineResponse with its name in `type`, and cleaned audio as binary frames. What cannot go
on ends with {"type": "error", "code", "reason", "message"} and a close: 1008 and 1009 are yours to mend, 1013 means
come back, 1011 is ours."""
CONFIG = {"format": {"sample_rate_hz": 16000}, "asr": {"interim_results": True}, "diarize": {}}

PATHS: Json = {
    "/v1/audio/transcriptions": {
        "post": _door(
            "A recording's words, in OpenAI's shape",
            _good(
                "The words.",
                _content("application/json", _object(("text",), text=TEXT), {"text": "alfa bravo charlie"})
                | _content("text/plain", TEXT, "alfa bravo charlie\n")
                | _content("text/vtt", TEXT, "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nalfa bravo charlie\n\n"),
                SERVED,
            ),
            _content("multipart/form-data", TRANSCRIPTION, {"file": "talk.wav", "model": "whisper-1"}),
            "OpenAIError",
            f"{CALL} -F model=whisper-1 {TALK}/transcriptions",
        )
    },
    "/v1/models": {
        "get": _door(
            "The models that transcribe, in OpenAI's shape",
            _good(
                "The models.",
                _content(
                    "application/json",
                    _object(("object", "data"), object=TEXT, data={"type": "array", "items": {"type": "object"}}),
                    {
                        "object": "list",
                        "data": [{"id": "echo@1", "object": "model", "created": 0, "owned_by": "parley"}],
                    },
                ),
            ),
            shape="OpenAIError",
            curl="curl http://localhost:8080/v1/models",
        )
    },
    "/v1/audio/denoise": {
        "post": _door(
            "A recording without its noise, as WAV at the rate it came in",
            _good(
                "The cleaned recording.",
                _content("audio/wav", {"type": "string", "format": "binary"}, "RIFF..."),
                SERVED,
            ),
            _content(
                "multipart/form-data",
                _object(
                    ("file",),
                    file=FILE,
                    model=MODEL,
                    attenuation_limit_db={"type": "number", "minimum": 0, "maximum": 200, "default": 0},
                ),
                {"file": "talk.wav", "attenuation_limit_db": 24},
            ),
            curl=f"{CALL} -o clean.wav {TALK}/denoise",
        )
    },
    "/v1/audio/diarize": {
        "post": _door(
            "Who spoke when",
            _good(
                "The turns, after a second look at all of them.",
                _content(
                    "application/json",
                    _object(("model", "turns"), model=TEXT, turns={"type": "array", "items": ref("Turn")}),
                    {"model": "echo@1", "turns": [TURN]},
                )
                | _content("text/plain", TEXT, "SPEAKER talk 1 0.000 2.250 <NA> <NA> 1 <NA> <NA>\n"),
                SERVED,
            ),
            _content(
                "multipart/form-data",
                _object(
                    ("file",),
                    file=FILE,
                    model=MODEL,
                    max_speakers={"type": "integer", "minimum": 0, "maximum": 100, "default": 0},
                    response_format={"type": "string", "enum": ["json", "rttm"], "default": "json"},
                ),
                {"file": "talk.wav", "response_format": "json"},
            ),
            curl=f"{CALL} {TALK}/diarize",
        )
    },
    "/v1/pipeline": {
        "get": {
            "summary": "Several stages in one live stream, over a WebSocket",
            "description": PIPELINE,
            "responses": {
                "101": {
                    "description": "The WebSocket is open.",
                    "content": _content("application/json", ref("PipelineConfig"), CONFIG),
                },
                "426": {"description": "This is a WebSocket.", "content": _content("application/json", ref("Error"))},
            },
        }
    },
    "/translate": {
        "post": _door(
            "Text in another language, in LibreTranslate's shape",
            _good(
                "The translation, a list where `q` was one.",
                _content("application/json", ref("Translated"), {"translatedText": "Guten Morgen."}),
                SERVED,
            ),
            _content("application/json", TRANSLATION, TRANSLATE_ME)
            | _content("application/x-www-form-urlencoded", TRANSLATION, TRANSLATE_ME)
            | _content("multipart/form-data", TRANSLATION, TRANSLATE_ME),
            "LibreTranslateError",
            "curl -d q='Good morning.' -d source=en -d target=de http://localhost:8080/translate",
        )
    },
    "/languages": {
        "get": _door(
            "What can be translated into what, in LibreTranslate's shape",
            _good(
                "The languages.",
                _content(
                    "application/json",
                    {"type": "array", "items": {"type": "object"}},
                    [{"code": "en", "name": "English", "targets": ["de"]}],
                ),
            ),
            shape="LibreTranslateError",
            curl="curl http://localhost:8080/languages",
        )
    },
    "/v1/status": {
        "get": _door(
            "Stages, replicas, models and routes at a glance",
            _good(
                "The state.",
                _content(
                    "application/json", {"type": "object"}, {"ready": True, "streams": 0, "routes": {}, "stages": {}}
                ),
            ),
            curl="curl http://localhost:8080/v1/status",
        )
    },
    "/healthz": {
        "get": _door(
            "Whether the process lives",
            _good("It does.", _content("application/json", _object(status=TEXT), {"status": "ok"})),
        )
    },
    "/readyz": {
        "get": _door(
            "Whether every stage can serve", _good("Every one.", _content("application/json", READY, ALL_READY))
        )
    },
    "/metrics": {
        "get": _door("Prometheus metrics", _good("The metrics.", _content("text/plain", TEXT, "parley_streams 0\n")))
    },
    "/openapi.json": {
        "get": _door(
            "This document",
            _good("OpenAPI 3.1.", _content("application/json", {"type": "object"}, {"openapi": "3.1.0"})),
        )
    },
    "/docs": {
        "get": _door("This document, for people", _good("A page.", _content("text/html", TEXT, "<!doctype html>")))
    },
}

_OURS = _object(("code", "reason", "message"), code=TEXT, reason=TEXT, message=TEXT, report=TEXT)
_THEIRS = _object(
    ("message", "type", "param", "code"), message=TEXT, type=TEXT, param={"type": ["string", "null"]}, code=TEXT
)
_LISTED: Json = {"oneOf": [TEXT, {"type": "array", "items": TEXT}]}

DOCUMENT: Json = {
    "openapi": "3.1.0",
    "info": {
        "title": "Parley",
        "version": "1",
        "description": "Speech in; cleaned audio, words, speakers and translations out.",
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    },
    "paths": PATHS,
    "components": {
        "schemas": schemas(PipelineConfig, PipelineResponse)
        | {
            "Error": _object(("error",), error=_OURS),
            "OpenAIError": _object(("error",), error=_THEIRS),
            "LibreTranslateError": _object(("error",), error=TEXT),
            "Translated": _object(("translatedText",), translatedText=_LISTED, detectedLanguage={}),
        }
    },
}
