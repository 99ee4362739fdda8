"""The OpenAPI document: what every API takes and gives, with examples. Must not know how they are served."""

from gateway.apis.deepgram import document as deepgram
from gateway.apis.libretranslate import document as libretranslate
from gateway.apis.native import document as native
from gateway.apis.openai import document as openai
from gateway.apis.twilio import document as twilio
from gateway.apis.whisper_asr import document as whisper_asr
from gateway.http.document.schema import Json

TAGS = {
    "OpenAI": ("Recordings to words, in OpenAI's shapes.", openai.PATHS),
    "Deepgram": ("Live sound and recordings to words, in Deepgram's shapes.", deepgram.PATHS),
    "Twilio": ("Telephone calls to words, as Twilio sends them.", twilio.PATHS),
    "Parley": ("Clean sound, speakers, live pipelines, and what operators ask.", native.PATHS),
    "LibreTranslate": ("Text into another language, in LibreTranslate's shapes.", libretranslate.PATHS),
    "Whisper ASR": ("Recordings to words and subtitles, as Bazarr asks for them.", whisper_asr.PATHS),
}


def _tagged(tag: str, paths: Json) -> Json:
    """Each operation with the API that it belongs to: viewers show them in groups."""
    return {
        path: {method: {"tags": [tag]} | described for method, described in methods.items()}
        for path, methods in paths.items()
    }


DOCUMENT: Json = {
    "openapi": "3.1.0",
    "info": {
        "title": "Parley",
        "version": "1",
        "description": "Speech in; cleaned audio, words, speakers and translations out.",
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    },
    "tags": [{"name": tag, "description": description} for tag, (description, _) in TAGS.items()],
    "paths": {path: it for tag, (_, paths) in TAGS.items() for path, it in _tagged(tag, paths).items()},
    "security": [{}, {"key": []}],  # where keys are asked for
    "components": {
        "schemas": native.SCHEMAS | openai.SCHEMAS | deepgram.SCHEMAS | libretranslate.SCHEMAS | whisper_asr.SCHEMAS,
        "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
    },
}
