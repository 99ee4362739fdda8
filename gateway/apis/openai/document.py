"""The part of the OpenAPI document that describes OpenAI's API. Must not know how it is served."""

from gateway.apis.openai.answers import SHAPES, STREAMED
from gateway.apis.openai.batches import document as batches
from gateway.apis.openai.requests import GRANULARITIES, LOGPROBS, TRANSLATED
from gateway.http.document.phrases import (
    CALL,
    FILE,
    ONE_OR_MORE,
    SERVED,
    TALK,
    TEXT,
    TEXTS,
    content,
    fields,
    good,
    operation,
)
from gateway.http.document.schema import Json, ref

HEARD: Json = {
    "file": FILE,
    "model": {
        "type": "string",
        "description": "name@version, asr/alias, or what OpenAI calls a model: that means the default.",
        "examples": ["whisper-1"],
    },
    "language": {"type": "string", "description": "BCP-47 tag; empty: found out.", "examples": ["en"]},
    "prompt": {"type": "string", "description": "Text that came before."},
    "temperature": {"type": "number", "minimum": 0, "maximum": 1, "description": "Accepted and not used."},
    "keywords[]": ONE_OR_MORE | {"description": "Words that are likely to be said."},
}
TRANSCRIPTION = fields(
    ("file", "model"),
    response_format={"type": "string", "enum": list(SHAPES), "default": "json"},
    stream={
        "type": "boolean",
        "default": False,
        "description": f"Server-sent events as words are found; goes with {', '.join(STREAMED)}.",
    },
    per_channel={
        "type": "boolean",
        "default": False,
        "description": "Ours: hear each channel by itself; in diarized_json each is a speaker. Else they are mixed.",
    },
    **HEARD,
    **{
        "languages[]": ONE_OR_MORE | {"description": "Without `language`: the languages that may be spoken."},
        "timestamp_granularities[]": {"type": "array", "items": {"type": "string", "enum": list(GRANULARITIES)}},
        "include[]": {
            "type": "array",
            "items": {"type": "string", "enum": [LOGPROBS]},
            "description": "json: each token of the text, and the logarithm of how likely it was.",
        },
        "known_speaker_names[]": TEXTS | {"description": "diarized_json: what speakers are called.", "maxItems": 4},
        "known_speaker_references[]": TEXTS
        | {"description": "diarized_json: a data URL of 2 to 30 s of each one's voice.", "maxItems": 4},
    },
)
IN_ENGLISH = fields(
    ("file", "model"), response_format={"type": "string", "enum": list(TRANSLATED), "default": "json"}, **HEARD
)
MODEL_OBJECT = fields(
    ("id", "object", "created", "owned_by"),
    id=TEXT,
    object=TEXT,
    created={"type": "integer"},
    owned_by=TEXT,
    provenance=fields((), source=TEXT, revision=TEXT, trust=TEXT, digest=TEXT)
    | {"description": "Of an exact version: where its bytes come from, how sure they are, and the sum of all."},
)
EVENT = {"data": '{"type": "transcript.text.delta", "delta": "alfa bravo charlie"}'}
TIME: Json = {"type": "number", "minimum": 0, "description": "Seconds from the recording's start."}
SPAN: Json = {"start": TIME, "end": TIME}
SEGMENT = fields(
    ("id", "start", "end", "text"),
    id={"type": ["integer", "string"], "description": "A name in diarized_json, else a number."},
    text=TEXT,
    speaker=TEXT | {"description": "diarized_json: A, B, ... or a known name; empty: nobody knows."},
    **SPAN,
)
TOKEN = fields(
    ("token", "bytes", "logprob"),
    token=TEXT,
    bytes={"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 255}},
    logprob={"type": "number", "maximum": 0},
)
HEARD_JSON = fields(
    ("text",),
    text=TEXT,
    usage=fields(("type", "seconds"), type=TEXT, seconds=TIME),
    task=TEXT | {"description": "verbose_json and diarized_json, as all that follows."},
    duration=TIME,
    language=TEXT,
    segments={"type": "array", "items": SEGMENT},
    words={"type": "array", "items": fields(("word", "start", "end"), word=TEXT, **SPAN)},
    logprobs={"type": "array", "items": TOKEN, "description": "json, where `include` asks for them."},
)
HEARD_EXAMPLE = {"text": "alfa bravo charlie", "usage": {"type": "duration", "seconds": 2}}
REALTIME = """OpenAI's Realtime API, transcription only, in the newer and the older shape. Audio is 24 kHz PCM unless
session.update says otherwise (audio/pcm with any rate from 8 to 48 kHz, audio/pcmu, audio/pcma). Deltas only ever
append; the `completed` event has the whole text. With turn_detection null a turn is what lies between two commits."""
SESSION = {"type": "session.update", "session": {"type": "transcription", "audio": {"input": {"turn_detection": None}}}}
TRANSLATIONS = """OpenAI's Realtime translation, text only: say audio.output.language in session.update, append 24 kHz
PCM, and end with session.close. Deltas only ever append; those of what was said come where audio.input.transcription is
set."""
INTO_GERMAN = {"type": "session.update", "session": {"audio": {"output": {"language": "de"}}}}


def _socket(summary: str, description: str, example: Json, *parameters: Json) -> Json:
    """What is said of a WebSocket."""
    return {
        "summary": summary,
        "description": description,
        "parameters": list(parameters),
        "responses": {
            "101": {
                "description": "The WebSocket is open.",
                "content": content("application/json", {"type": "object"}, example),
            },
            "426": {"description": "This is a WebSocket.", "content": content("application/json", ref("Error"))},
        },
    }


MODEL_OF_SESSION: Json = {
    "name": "model",
    "in": "query",
    "schema": TEXT,
    "description": "As in the session's transcription.",
}

PATHS: Json = batches.PATHS | {
    "/v1/audio/transcriptions": {
        "post": operation(
            "A recording's words, in OpenAI's shape",
            good(
                "The words.",
                content("application/json", ref("Transcription"), HEARD_EXAMPLE)
                | content("text/plain", TEXT, "alfa bravo charlie\n")
                | content("text/vtt", TEXT, "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nalfa bravo charlie\n\n")
                | content("text/event-stream", fields(("data",), data=TEXT), EVENT),
                SERVED,
            ),
            content("multipart/form-data", TRANSCRIPTION, {"file": "talk.wav", "model": "whisper-1"}),
            "OpenAIError",
            f"{CALL} -F model=whisper-1 {TALK}/transcriptions",
        )
    },
    "/v1/audio/translations": {
        "post": operation(
            "A recording's words in English, in OpenAI's shape",
            good(
                "The words; a recording in English gives the words themselves.",
                content("application/json", ref("Transcription"), HEARD_EXAMPLE | {"text": "Good day."})
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
        "get": operation(
            "The models that transcribe, in OpenAI's shape",
            good(
                "The models.",
                content(
                    "application/json",
                    fields(("object", "data"), object=TEXT, data={"type": "array", "items": MODEL_OBJECT}),
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
    "/v1/realtime": {
        "get": _socket(
            "Live words over a WebSocket, in OpenAI's shape",
            REALTIME,
            SESSION,
            MODEL_OF_SESSION,
            {"name": "intent", "in": "query", "schema": TEXT, "description": "transcription, or nothing."},
        )
    },
    "/v1/realtime/translations": {
        "get": _socket(
            "Live words in another language over a WebSocket, in OpenAI's shape",
            TRANSLATIONS,
            INTO_GERMAN,
            MODEL_OF_SESSION | {"description": "Which model translates; gpt-realtime-translate means the default."},
        )
    },
}

_THEIRS = fields(
    ("message", "type", "param", "code"), message=TEXT, type=TEXT, param={"type": ["string", "null"]}, code=TEXT
)
SCHEMAS: Json = {
    "Transcription": HEARD_JSON,
    "OpenAIError": fields(("error",), error=_THEIRS),
}
