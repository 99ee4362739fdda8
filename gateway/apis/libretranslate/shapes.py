"""LibreTranslate's API <-> ours. Must not know HTTP."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gateway.http.fields import Fields
from gateway.report import status as report
from gateway.report.status import Status
from parley.errors import FieldInvalid, ParleyError
from parley.languages import NAMES
from parley.v1.translate_pb2 import TranslateConfig, Translation

MOST_TEXTS, MOST_ALTERNATIVES = 128, 100
FIELDS = ("q", "source", "target", "format", "alternatives", "api_key", "model")

Json = dict[str, object]


@dataclass(frozen=True)
class TranslationRequest:
    """What a translation request asks for."""

    texts: list[str]
    config: TranslateConfig
    listed: bool  # the texts came as a list, so the answer is one
    auto: bool  # the language is to be found out
    alternatives: bool  # others were asked for; we have one translation of each text


def asked(fields: Fields) -> TranslationRequest:
    """A translation request in our words."""
    texts, source = fields.texts("q"), fields.text("source")
    if not texts:
        raise FieldInvalid("`q` is missing; send the text to translate.", field="q")
    if len(texts) > MOST_TEXTS:
        raise FieldInvalid(f"`q` has {len(texts)} texts; send at most {MOST_TEXTS} at once.", field="q")
    if not (target := fields.text("target")):
        raise FieldInvalid("`target` is missing; say which language you want, e.g. de.", field="target")
    fields.choice("format", ("text",))
    auto = source in ("", "auto")
    config = TranslateConfig(source_language="" if auto else source, target_language=target)
    others = fields.count("alternatives", MOST_ALTERNATIVES) > 0
    return TranslationRequest(texts, config, isinstance(fields.values["q"], list), auto, others)


def asked_language(fields: Fields) -> tuple[str, TranslateConfig]:
    """A detection request in our words."""
    if not (text := fields.text("q").strip()):
        raise FieldInvalid("`q` is missing; send the text whose language you want to know.", field="q")
    return text, TranslateConfig(detect_only=True)


def answer(wanted: TranslationRequest, translated: Sequence[Sequence[Translation]]) -> Json:
    """The translations, in the shape the texts came in."""
    body: Json = {"translatedText": _shaped(wanted, ["".join(p.text for p in pieces) for pieces in translated])}
    if wanted.auto:
        body["detectedLanguage"] = _shaped(wanted, [_likeliest(pieces) for pieces in translated])
    if wanted.alternatives:
        body["alternatives"] = _shaped(wanted, [[] for _ in translated])
    return body


def _shaped(wanted: TranslationRequest, each: Sequence[object]) -> object:
    return each if wanted.listed else each[0]


def _likeliest(pieces: Sequence[Translation]) -> Json:
    return next(iter(detected(pieces)), {"language": "", "confidence": 0})


def detected(pieces: Sequence[Translation]) -> list[Json]:
    """The languages of a text, the likeliest first; a piece weighs as much as it is long."""
    shares: dict[str, float] = {}
    for piece in pieces:
        if piece.source_language:
            sure = len(piece.source_text) * piece.source_confidence
            shares[piece.source_language] = shares.get(piece.source_language, 0.0) + sure
    whole = sum(len(piece.source_text) for piece in pieces)
    likeliest = sorted(shares.items(), key=lambda each: -each[1])
    return [{"language": language, "confidence": round(100 * sure / whole, 1)} for language, sure in likeliest]


def languages(models: Iterable[Status]) -> list[Mapping[str, object]]:
    """Every language, and what some model translates it into."""
    pairs = {(_base(a), _base(b)) for model in models for a, b in report.pairs(model)}
    return [
        {"code": code, "name": NAMES.get(code, code), "targets": sorted(b for a, b in pairs if a == code != b)}
        for code in sorted({code for pair in pairs for code in pair})
    ]


def _base(tag: str) -> str:
    return tag.split("-")[0]


def refusal(error: ParleyError, status: int) -> Json:
    """An error in LibreTranslate's shape."""
    return {"error": str(error)}
