"""What the translate folder declares."""

from collections.abc import Sequence

from parley.engines.model import ModelSpec
from parley.errors import BadInput
from parley.serving.stage import ServiceConfig, Stage, read_text
from parley.v1 import translate_pb2 as v1
from services.translate.contract import contract, golden
from services.translate.engine import open_engine
from services.translate.languages import Languages
from services.translate.options import TranslateOptions
from services.translate.phrases import Phrases
from services.translate.sentences import PieceLimits
from services.translate.session import KnownText, TranslateRequestOptions, TranslateSession


def begin(config: v1.TranslateConfig, spec: ModelSpec, settings: ServiceConfig) -> TranslateSession:
    """Check what is asked, and open a stream's memory."""
    languages, model = Languages.of(spec), TranslateOptions.of(spec)
    source = languages.named(config.source_language)
    target = "" if config.detect_only else languages.named(config.target_language)
    if not (target or config.detect_only):
        raise BadInput("A translation needs a target_language, e.g. de; or ask to detect_only.")
    languages.check(source, target)
    phrases = Phrases(_glossary(config.glossary))
    limits = PieceLimits(model.max_words, model.max_characters)
    return TranslateSession(TranslateRequestOptions(source, target, phrases, limits, languages, model.context))


def _read(request: v1.TranslateRequest) -> str | KnownText:
    """The text of a request, and its language where that is known."""
    text, language = read_text(request), request.text.language
    return KnownText(text, language) if language else text


def _glossary(entries: Sequence[v1.GlossaryEntry]) -> dict[str, str]:
    glossary = {entry.source.strip(): entry.target.strip() for entry in entries}
    if "" in glossary:
        raise BadInput("A glossary entry needs a source phrase.")
    return glossary


def pairs(spec: ModelSpec) -> list[tuple[str, str]]:
    """From what into what, where a model declares pairs."""
    return Languages.of(spec).ways() if TranslateOptions.of(spec).pairs is not None else []


STAGE = Stage(
    v1.DESCRIPTOR.services_by_name["Translate"],
    ServiceConfig,
    open_engine,
    begin,
    _read,
    pairs,
    contract=contract,
    golden=golden,
)
