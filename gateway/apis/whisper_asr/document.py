"""The part of the OpenAPI document that describes whisper-asr-webservice's API. Must not know how it is served."""

from gateway.http.document.phrases import FILE, MODEL, SERVED, TEXT, content, fields, good, operation
from gateway.http.document.schema import Json, ref

RAW: Json = {
    "type": "boolean",
    "default": True,
    "description": "False: the file is raw PCM of 16 kHz, 16 bit, one channel, as Bazarr sends it.",
}
ASR = fields(
    ("audio_file",),
    audio_file=FILE,
    encode=RAW,
    task={"type": "string", "enum": ["transcribe", "translate"], "default": "transcribe"},
    language=TEXT,
    initial_prompt=TEXT,
    hotwords=TEXT | {"description": "Words that may be said, with commas between."},
    diarize={"type": "boolean", "default": False, "description": "Say who speaks: SPEAKER_00, SPEAKER_01, ..."},
    enable_diarization={"type": "boolean", "default": False, "description": "The same, as WhisperX calls it."},
    max_speakers={"type": "integer", "minimum": 0, "maximum": 100, "description": "Never more; 0: as are heard."},
    output={"type": "string", "enum": ["txt", "vtt", "srt", "tsv", "json"], "default": "txt"},
    model=MODEL,
)
DETECT = fields(
    ("audio_file",),
    audio_file=FILE,
    encode=RAW,
    detect_lang_length={"type": "number", "minimum": 0, "maximum": 3600, "default": 30},
    model=MODEL,
)
FOUND = {"detected_language": "english", "language_code": "en", "confidence": 0.98}
HOST = "http://localhost:8080"

PATHS: Json = {
    "/asr": {
        "post": operation(
            "A recording to text or subtitles, as whisper-asr-webservice does it",
            good(
                "The words.",
                content("text/plain", TEXT, "Good morning.\n") | content("application/json", {"type": "object"}, {}),
                SERVED,
            ),
            content("multipart/form-data", ASR, {"audio_file": "film.wav", "output": "srt"}),
            "WhisperAsrError",
            f"curl -F audio_file=@film.wav '{HOST}/asr?output=srt'",
        )
    },
    "/detect-language": {
        "post": operation(
            "The language of a recording, as whisper-asr-webservice tells it",
            good("The language.", content("application/json", ref("WhisperAsrLanguage"), FOUND), SERVED),
            content("multipart/form-data", DETECT, {"audio_file": "film.wav"}),
            "WhisperAsrError",
            f"curl -F audio_file=@film.wav {HOST}/detect-language",
        )
    },
}

SCHEMAS: Json = {
    "WhisperAsrError": fields(("detail", "error"), detail=TEXT, error={"type": "object"}),
    "WhisperAsrLanguage": fields(
        ("detected_language", "language_code", "confidence"),
        detected_language=TEXT,
        language_code=TEXT,
        confidence={"type": "number"},
    ),
}
