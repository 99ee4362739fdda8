"""What translate asks of a model, in one place, and how a run shows that it is one. Must not know streams."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from parley.engines import weights
from parley.engines.contract import Line, nothing
from parley.engines.model import ModelSpec
from parley.engines.protocols import Engine
from services.translate.languages import Languages
from services.translate.llm import opening
from services.translate.options import TranslateOptions
from services.translate.sentence import Sentence, Translated
from services.translate.tokens import open_tokenizer

CTRANSLATE2, ECHO, WEIGHTS = "ctranslate2", "echo", "model.bin"
KIND = "TransformerSpec"
# One sentence in several languages, with a word of which any translation has one.
SENTENCES = {
    "en": ("The house is small.", ("house", "home", "small", "little")),
    "de": ("Das Haus ist klein.", ("haus", "klein")),
    "fr": ("La maison est petite.", ("maison", "petit")),
    "es": ("La casa es pequeña.", ("casa", "peque")),
    "it": ("La casa è piccola.", ("casa", "piccol")),
}
ASKED = 4  # ways of a model elsewhere, which may know hundreds and takes its time
LONGER = 4  # times as long as its source is no translation


def contract(spec: ModelSpec) -> Iterator[Line]:
    """Options and languages, then what the weights say of themselves."""
    yield Line("[options] are known ones", nothing(lambda: TranslateOptions.of(spec)))
    yield Line("`languages` and `pairs` say from what into what", nothing(lambda: Languages.of(spec)))
    if spec.backend == opening.BACKEND:
        yield from _elsewhere(spec)
        return
    yield Line("`pieces` name the vocabulary's file, and it can be read", nothing(lambda: open_tokenizer(spec)))
    if spec.backend == CTRANSLATE2:
        yield Line(f"{WEIGHTS} is a {KIND}, and is whole", lambda: _kind(spec))


def _elsewhere(spec: ModelSpec) -> Iterator[Line]:
    """A model that runs elsewhere is a name, an address and a stand-in."""
    yield Line("`languages` lists what it is trusted with", lambda: "" if spec.languages else "it lists none")
    if fallback := TranslateOptions.of(spec).fallback:
        found = nothing(lambda: opening.fallback_of(spec, fallback))
        yield Line("`fallback` is a version that lies here and runs here", found)


def _kind(spec: ModelSpec) -> str:
    found = weights.read(spec.folder / WEIGHTS).kind
    return "" if found == KIND else f"it is a {found or 'nameless model'}"


def golden(spec: ModelSpec, engine: Engine[Sentence, Translated], examples: Path) -> Iterator[Line]:
    """A short sentence, each way that it knows of those that are known here."""
    if spec.backend == ECHO:
        return
    known = [way for way in sorted(Languages.of(spec).pairs) if {*way} <= SENTENCES.keys()]
    for source, target in known[:ASKED] if spec.backend == opening.BACKEND else known:
        asks = f"{SENTENCES[source][0]!r} becomes a sentence in {target} about the same"
        yield Line(asks, partial(_fault, engine, source, target))


def _fault(engine: Engine[Sentence, Translated], source: str, target: str) -> str:
    text, words = SENTENCES[source][0], SENTENCES[target][1]
    (done,) = engine.run([Sentence(text, source, target)])
    if done.instead:
        return done.instead.message
    right = any(word in done.text.lower() for word in words) and len(done.text) <= LONGER * len(text)
    return "" if right else f"it becomes {done.text[:80]!r}"
