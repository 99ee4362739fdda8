"""The OpenAPI document: what every HTTP door takes and gives, with examples. Must not know how a door works."""

from gateway.compat.openai import GRANULARITIES, TRANSLATED
from gateway.compat.openai_shapes import SHAPES, STREAMED
from gateway.describe import FILE, MODEL, SERVED, TEXT, content, door, fields, good
from gateway.schema import Json, ref, schemas
from parley.v1.pipeline_pb2 import PipelineConfig, PipelineResponse

_TEXTS: Json = {"type": "array", "items": TEXT}
HEARD: Json = {
    "file": FILE,
    "model": {
        "type": "string",
        "description": "name@version, asr/alias, or any other name for ours.",
        "examples": ["whisper-1"],
    },
    "language": {"type": "string", "description": "BCP-47 tag; empty: the model's own.", "examples": ["en"]},
    "prompt": {"type": "string", "description": "Text that came before."},
    "temperature": {"type": "number", "minimum": 0, "maximum": 1, "description": "Accepted and not used."},
    "keywords[]": _TEXTS | {"description": "Words that are likely to be said."},
}
TRANSCRIPTION = fields(
    ("file", "model"),
    response_format={"type": "string", "enum": list(SHAPES), "default": "json"},
    stream={
        "type": "boolean",
        "default": False,
        "description": f"Server-sent events as words are found; goes with {', '.join(STREAMED)}.",
    },
    **HEARD,
    **{
        "timestamp_granularities[]": {"type": "array", "items": {"type": "string", "enum": list(GRANULARITIES)}},
        "known_speaker_names[]": _TEXTS | {"description": "diarized_json: what speakers are called.", "maxItems": 4},
        "known_speaker_references[]": _TEXTS
        | {"description": "diarized_json: a data URL of 2 to 30 s of each one's voice.", "maxItems": 4},
    },
)
IN_ENGLISH = fields(
    ("file", "model"), response_format={"type": "string", "enum": list(TRANSLATED), "default": "json"}, **HEARD
)
CALL = "curl -F file=@talk.wav"
TALK = "http://localhost:8080/v1/audio"
EVENTS = 'data: {"type": "transcript.text.delta", "delta": "alfa bravo charlie"}\n\n'
EVENTS += 'data: {"type": "transcript.text.done", "text": "alfa bravo charlie"}\n\n'
TURN = {"id": "t1", "speaker": "1", "interval": {"start": "0s", "end": "2.250s"}, "confidence": 0.9}
TURN |= {"track": "", "is_open": False}
TRANSLATION = fields(
    ("q", "target"),
    q={"oneOf": [TEXT, {"type": "array", "items": TEXT, "maxItems": 128}]},
    source={"type": "string", "default": "auto"},
    target=TEXT,
    format={"type": "string", "enum": ["text"], "default": "text"},
    model=MODEL,
)
TRANSLATE_ME = {"q": "Good morning.", "source": "en", "target": "de", "format": "text"}
STAGES: Json = {"type": "object", "additionalProperties": {"type": "boolean"}}
READY = fields(ready={"type": "boolean"}, missing={"type": "array", "items": TEXT}, stages=STAGES)
ALL_READY = {"ready": True, "missing": [], "stages": {"asr": True, "denoise": True, "diarize": True, "translate": True}}
PIPELINE = """A WebSocket. Send a PipelineConfig as the first text frame, then PCM as binary frames and controls as text
frames: {"control": "flush"} answers everything so far, {"control": "end"} ends the audio. Back come events as text
frames, each one field of PipelineResponse with its name in `type`, and cleaned audio as binary frames. What cannot go
on ends with {"type": "error", "code", "reason", "message"} and a close: 1008 and 1009 are yours to mend, 1013 means
come back, 1011 is ours."""
CONFIG = {"format": {"sample_rate_hz": 16000}, "asr": {"interim_results": True}, "diarize": {}}

PATHS: Json = {
    "/v1/audio/transcriptions": {
        "post": door(
            "A recording's words, in OpenAI's shape",
            good(
                "The words.",
                content("application/json", fields(("text",), text=TEXT), {"text": "alfa bravo charlie"})
                | content("text/plain", TEXT, "alfa bravo charlie\n")
                | content("text/vtt", TEXT, "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nalfa bravo charlie\n\n")
                | content("text/event-stream", TEXT, EVENTS),
                SERVED,
            ),
            content("multipart/form-data", TRANSCRIPTION, {"file": "talk.wav", "model": "whisper-1"}),
            "OpenAIError",
            f"{CALL} -F model=whisper-1 {TALK}/transcriptions",
        )
    },
    "/v1/audio/translations": {
        "post": door(
            "A recording's words in English, in OpenAI's shape",
            good(
                "The words; a recording in English gives the words themselves.",
                content("application/json", fields(("text",), text=TEXT), {"text": "Good day."})
                | content("text/plain", TEXT, "Good day.\n")
                | content("text/vtt", TEXT, "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nGood day.\n\n"),
                SERVED,
            ),
            content("multipart/form-data", IN_ENGLISH, {"file": "talk.wav", "model": "whisper-1"}),
            "OpenAIError",
            f"{CALL} -F model=whisper-1 {TALK}/translations",
        )
    },
    "/v1/models": {
        "get": door(
            "The models that transcribe, in OpenAI's shape",
            good(
                "The models.",
                content(
                    "application/json",
                    fields(("object", "data"), object=TEXT, data={"type": "array", "items": {"type": "object"}}),
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
        "post": door(
            "A recording without its noise, as WAV at the rate it came in",
            good(
                "The cleaned recording.",
                content("audio/wav", {"type": "string", "format": "binary"}, "RIFF..."),
                SERVED,
            ),
            content(
                "multipart/form-data",
                fields(
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
        "post": door(
            "Who spoke when",
            good(
                "The turns, after a second look at all of them.",
                content(
                    "application/json",
                    fields(("model", "turns"), model=TEXT, turns={"type": "array", "items": ref("Turn")}),
                    {"model": "echo@1", "turns": [TURN]},
                )
                | content("text/plain", TEXT, "SPEAKER talk 1 0.000 2.250 <NA> <NA> 1 <NA> <NA>\n"),
                SERVED,
            ),
            content(
                "multipart/form-data",
                fields(
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
                    "content": content("application/json", ref("PipelineConfig"), CONFIG),
                },
                "426": {"description": "This is a WebSocket.", "content": content("application/json", ref("Error"))},
            },
        }
    },
    "/translate": {
        "post": door(
            "Text in another language, in LibreTranslate's shape",
            good(
                "The translation, a list where `q` was one.",
                content("application/json", ref("Translated"), {"translatedText": "Guten Morgen."}),
                SERVED,
            ),
            content("application/json", TRANSLATION, TRANSLATE_ME)
            | content("application/x-www-form-urlencoded", TRANSLATION, TRANSLATE_ME)
            | content("multipart/form-data", TRANSLATION, TRANSLATE_ME),
            "LibreTranslateError",
            "curl -d q='Good morning.' -d source=en -d target=de http://localhost:8080/translate",
        )
    },
    "/languages": {
        "get": door(
            "What can be translated into what, in LibreTranslate's shape",
            good(
                "The languages.",
                content(
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
        "get": door(
            "Stages, replicas, models and routes at a glance",
            good(
                "The state.",
                content(
                    "application/json", {"type": "object"}, {"ready": True, "streams": 0, "routes": {}, "stages": {}}
                ),
            ),
            curl="curl http://localhost:8080/v1/status",
        )
    },
    "/healthz": {
        "get": door(
            "Whether the process lives",
            good("It does.", content("application/json", fields(status=TEXT), {"status": "ok"})),
        )
    },
    "/readyz": {
        "get": door("Whether every stage can serve", good("Every one.", content("application/json", READY, ALL_READY)))
    },
    "/metrics": {
        "get": door("Prometheus metrics", good("The metrics.", content("text/plain", TEXT, "parley_streams 0\n")))
    },
    "/openapi.json": {
        "get": door(
            "This document",
            good("OpenAPI 3.1.", content("application/json", {"type": "object"}, {"openapi": "3.1.0"})),
        )
    },
    "/docs": {"get": door("This document, for people", good("A page.", content("text/html", TEXT, "<!doctype html>")))},
}

_OURS = fields(("code", "reason", "message"), code=TEXT, reason=TEXT, message=TEXT, report=TEXT)
_THEIRS = fields(
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
            "Error": fields(("error",), error=_OURS),
            "OpenAIError": fields(("error",), error=_THEIRS),
            "LibreTranslateError": fields(("error",), error=TEXT),
            "Translated": fields(("translatedText",), translatedText=_LISTED, detectedLanguage={}),
        }
    },
}
