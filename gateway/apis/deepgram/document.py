"""The part of the OpenAPI document that describes Deepgram's API. Must not know how it is served."""

from gateway.apis.deepgram.requests import CONTAINERS, ENCODINGS, LEAST_SILENCE_MS, LEAST_UTTERANCE_END_MS, REDACTED
from gateway.http.document.phrases import SERVED, TEXT, content, fields, good, operation
from gateway.http.document.schema import Json, ref

FLAG: Json = {"type": "string", "enum": ["true", "false"]}
LIVE = """Deepgram's live transcription. Audio as binary frames; KeepAlive, Finalize and CloseStream as JSON. Back come
Results, SpeechStarted, UtteranceEnd and, after CloseStream, Metadata. Ten seconds without sound or a KeepAlive end the
stream with NET-0001. The times of words in interims are estimated; those in finals are heard. Names that are not listed
are not heeded, which the header `parley-ignored` says."""
REQUEST = "curl -H 'content-type: audio/wav' --data-binary @talk.wav 'http://localhost:8080/v1/listen?punctuate=true'"


def _named(name: str, schema: Json, description: str) -> Json:
    return {"name": name, "in": "query", "schema": schema, "description": description}


SHARED = [
    _named("model", TEXT, "name@version, an alias, or what Deepgram calls a model: that means the default."),
    _named("language", TEXT, "BCP-47 tag; multi or empty: found out."),
    _named("encoding", {"type": "string", "enum": [*ENCODINGS, *CONTAINERS]}, "Of bare samples; absent: a file."),
    _named("sample_rate", {"type": "integer", "minimum": 8000, "maximum": 48000}, "Of bare samples."),
    _named("channels", {"type": "integer", "minimum": 1, "maximum": 8}, "Of bare samples."),
    _named("multichannel", FLAG, "Hear each channel by itself; else they are mixed."),
    _named("diarize", FLAG, "Put a speaker to every word."),
    _named("punctuate", FLAG, "Transcripts with capitals and punctuation; else words alone."),
    _named("smart_format", FLAG, "The same."),
    _named("redact", {"type": "string", "enum": [*REDACTED]}, "Write [CARD] and the like instead."),
    _named("keyterm", TEXT, "A word or phrase that is likely to be said; may be given several times."),
]
OF_LIVE = [
    _named("interim_results", FLAG, "Guesses while people speak."),
    _named("endpointing", TEXT, f"Silence in ms that ends an utterance, {LEAST_SILENCE_MS} at least; or false."),
    _named("utterance_end_ms", {"type": "integer", "minimum": LEAST_UTTERANCE_END_MS}, "UtteranceEnd after so long."),
    _named("vad_events", FLAG, "SpeechStarted."),
]
OF_RECORDINGS = [
    _named("detect_language", FLAG, "Find out the language, whatever `language` says."),
    _named("utterances", FLAG, "What was said between two pauses, too."),
]
NUMBER: Json = {"type": "number", "minimum": 0}
WORD = fields(("word", "start", "end"), word=TEXT, start=NUMBER, end=NUMBER, confidence=NUMBER, punctuated_word=TEXT)
ALTERNATIVE = fields(
    ("transcript", "confidence", "words"), transcript=TEXT, confidence=NUMBER, words={"type": "array", "items": WORD}
)
CHANNELS: Json = {
    "type": "array",
    "items": fields(("alternatives",), alternatives={"type": "array", "items": ALTERNATIVE}),
}
ANSWER = fields(("metadata", "results"), metadata={"type": "object"}, results=fields(("channels",), channels=CHANNELS))
EXAMPLE = {
    "metadata": {"request_id": "6f1d2c5e-9d0b-4f7a-8a3e-0c1b2a3d4e5f", "duration": 2.0, "channels": 1},
    "results": {"channels": [{"alternatives": [{"transcript": "alfa bravo", "confidence": 0.9, "words": []}]}]},
}
COMMANDS: Json = {
    "type": "object",
    "properties": {"type": {"type": "string", "enum": ["KeepAlive", "Finalize", "CloseStream"]}},
}

PATHS: Json = {
    "/v1/listen": {
        "post": operation(
            "A recording's words, in Deepgram's shape",
            good("The words.", content("application/json", ANSWER, EXAMPLE), SERVED),
            content("application/octet-stream", {"type": "string", "format": "binary"}, "talk.wav"),
            "DeepgramError",
            REQUEST,
        )
        | {"parameters": [*SHARED, *OF_RECORDINGS]},
        "get": {
            "summary": "Live words over a WebSocket, in Deepgram's shape",
            "description": LIVE,
            "parameters": [*SHARED, *OF_LIVE],
            "responses": {
                "101": {
                    "description": "The WebSocket is open.",
                    "content": content("application/json", COMMANDS, {"type": "Finalize"}),
                },
                "426": {"description": "This is a WebSocket.", "content": content("application/json", ref("Error"))},
            },
        },
    }
}
SCHEMAS: Json = {
    "DeepgramError": fields(("err_code", "err_msg", "request_id"), err_code=TEXT, err_msg=TEXT, request_id=TEXT)
}
