"""LibreTranslate's API <-> ours. Must not know HTTP."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gateway.fields import Fields
from parley.errors import FieldInvalid, ParleyError
from parley.v1.translate_pb2 import TranslateConfig, Translation

MOST_TEXTS = 128
NAMES = {
    "ar": "Arabic", "de": "German", "en": "English", "es": "Spanish", "fr": "French", "hi": "Hindi", "it": "Italian",
    "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "pl": "Polish", "pt": "Portuguese", "ru": "Russian",
    "tr": "Turkish", "uk": "Ukrainian", "zh": "Chinese",
}  # fmt: skip

Json = dict[str, object]


@dataclass(frozen=True)
class Wishes:
    """What a translation request asks for."""

    texts: list[str]
    config: TranslateConfig
    listed: bool  # the texts came as a list, so the answer is one
    auto: bool  # the language is to be found out


def asked(fields: Fields) -> Wishes:
    """A translation request in our words."""
    if "q" not in fields.values:
        raise FieldInvalid("`q` is missing; send the text to translate.", field="q")
    texts, source = fields.texts("q"), fields.text("source")
    if len(texts) > MOST_TEXTS:
        raise FieldInvalid(f"`q` has {len(texts)} texts; send at most {MOST_TEXTS} at once.", field="q")
    if not (target := fields.text("target")):
        raise FieldInvalid("`target` is missing; say which language you want, e.g. de.", field="target")
    fields.choice("format", ("text",))
    auto = source in ("", "auto")
    config = TranslateConfig(source_language="" if auto else source, target_language=target)
    return Wishes(texts, config, isinstance(fields.values["q"], list), auto)


def answer(wishes: Wishes, translated: Sequence[Sequence[Translation]]) -> Json:
    """The translations, in the shape the texts came in."""
    told: Json = {"translatedText": _shaped(wishes, ["".join(p.text for p in pieces) for pieces in translated])}
    if wishes.auto:
        told["detectedLanguage"] = _shaped(wishes, [_detected(pieces) for pieces in translated])
    return told


def _shaped(wishes: Wishes, each: Sequence[object]) -> object:
    return each if wishes.listed else each[0]


def _detected(pieces: Sequence[Translation]) -> Json:
    language = next((piece.source_language for piece in pieces if piece.source_language), "")
    return {"language": language, "confidence": 100 if language else 0}


def languages(codes: Iterable[str]) -> list[Mapping[str, object]]:
    """Every language, and what it can be translated into."""
    known = sorted({code.split("-")[0] for code in codes})
    return [
        {"code": code, "name": NAMES.get(code, code), "targets": [each for each in known if each != code]}
        for code in known
    ]


def refusal(error: ParleyError, status: int) -> Json:
    """An error in LibreTranslate's shape."""
    return {"error": str(error)}
