"""What the translate folder declares."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from parley.engines.backends import Placed
from parley.engines.contract import Line
from parley.engines.model import ModelSpec
from parley.engines.protocols import Engine
from parley.errors import BadConfig, BadInput
from parley.serving.stage import ServiceConfig, Stage, read_text
from parley.v1 import translate_pb2 as v1
from services.translate import contract as translating
from services.translate import engine
from services.translate.conversion import CONVERSION
from services.translate.figures import NO_FIGURES
from services.translate.languages import Languages
from services.translate.llm import opening
from services.translate.names import NO_NAMES
from services.translate.options import TranslateOptions
from services.translate.people import contract as named
from services.translate.people import engine as names
from services.translate.people.options import finds_names
from services.translate.people.session import NamesSession
from services.translate.phrases import Phrases
from services.translate.session import KnownText, TranslateRequestOptions, TranslateSession


def open_engine(spec: ModelSpec) -> Placed[Engine[Any, Any]]:
    """A model that runs here, or the way to one elsewhere."""
    if finds_names(spec):
        return names.open_engine(spec)
    return opening.opened(spec) if spec.backend == opening.BACKEND else engine.open_engine(spec)


def begin(config: v1.TranslateConfig, spec: ModelSpec, settings: ServiceConfig) -> TranslateSession | NamesSession:
    """Check what is asked, and open a stream's memory."""
    if config.find_names == finds_names(spec):
        return NamesSession() if config.find_names else begin_translation(config, spec, settings)
    if config.find_names:
        raise BadInput(f"{spec.ref} translates and finds no names; name a model that does, or leave `find_names` out.")
    raise BadInput(f"{spec.ref} finds names and does not translate; ask it to `find_names`, or name another model.")


def begin_translation(config: v1.TranslateConfig, spec: ModelSpec, settings: ServiceConfig) -> TranslateSession:
    """The memory of a stream that is translated."""
    languages, model = Languages.of(spec), TranslateOptions.of(spec)
    source = languages.named(config.source_language)
    target = "" if config.detect_only else languages.named(config.target_language)
    if not (target or config.detect_only):
        raise BadInput("A translation needs a target_language, e.g. de; or ask to detect_only.")
    languages.check(source, target)
    phrases = Phrases({**_glossary(model.glossary.items()), **_glossary((e.source, e.target) for e in config.glossary)})
    _check_deadline(spec, model, settings)
    asked = TranslateRequestOptions.of(spec, source, target, phrases)
    if spec.backend == opening.BACKEND:  # a chat model writes dates, amounts and names itself
        asked = replace(asked, figures=NO_FIGURES, names=NO_NAMES)
    return TranslateSession(asked)


def _check_deadline(spec: ModelSpec, model: TranslateOptions, settings: ServiceConfig) -> None:
    """A stream that waits no longer than the model does would end where it should fall back."""
    if spec.backend == opening.BACKEND and model.deadline_s >= settings.job_budget_s:
        takes, waits = f"{model.deadline_s:g} s (`deadline_s`)", f"{settings.job_budget_s:g} s (`job_budget_s`)"
        raise BadConfig(f"{spec.ref} may take {takes}, and its service waits {waits}; the second must be longer.")


def _read(request: v1.TranslateRequest) -> str | KnownText:
    """The text of a request, and its language and speaker where they are known."""
    text, language, speaker = read_text(request), request.text.language, request.text.speaker
    return KnownText(text, language, speaker) if language or speaker else text


def _glossary(entries: Iterable[tuple[str, str]]) -> dict[str, str]:
    glossary = {source.strip(): target.strip() for source, target in entries}
    if "" in glossary:
        raise BadInput("A glossary entry needs a source phrase.")
    return glossary


def pairs(spec: ModelSpec) -> list[tuple[str, str]]:
    """From what into what, where a model declares pairs."""
    if finds_names(spec) or TranslateOptions.of(spec).pairs is None:
        return []
    return Languages.of(spec).ways()


def contract(spec: ModelSpec) -> Iterator[Line]:
    """What is asked of a model, by what it does."""
    return named.contract(spec) if finds_names(spec) else translating.contract(spec)


def golden(spec: ModelSpec, engine: Engine[Any, Any], examples: Path) -> Iterator[Line]:
    """How a run shows that it does it."""
    return named.golden(engine) if finds_names(spec) else translating.golden(spec, engine, examples)


STAGE = Stage(
    v1.DESCRIPTOR.services_by_name["Translate"],
    ServiceConfig,
    open_engine,
    begin,
    _read,
    pairs,
    contract=contract,
    golden=golden,
    conversion=CONVERSION,
)
