"""Sentences -> their translations, a whole batch at once. Must not know streams."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from parley import backends
from parley.backends import Placed
from parley.engine import Decoding, Engine, Generator, Tokens
from parley.errors import BadModel
from parley.model import ModelSpec


@dataclass(frozen=True)
class Sentence:
    """What is to be translated."""

    text: str
    source: str
    target: str


@dataclass(frozen=True)
class Tokenizer:
    """How a model's text becomes tokens and comes back."""

    split: Callable[[str], Tokens]
    join: Callable[[Tokens], str]


TOKENIZERS = {"words": lambda spec: Tokenizer(lambda text: text.split(" "), " ".join)}


class TranslateEngine:
    """Tokens, the generator, text."""

    def __init__(self, generator: Generator, tokenizer: Tokenizer) -> None:
        self._generator, self._tokenizer = generator, tokenizer

    def run(self, jobs: Sequence[Sentence]) -> Sequence[str]:
        """One translation a sentence; an empty one stays empty."""
        places = [n for n, job in enumerate(jobs) if job.text]
        sources = [self._tokenizer.split(jobs[n].text) for n in places]
        results = self._generator.generate(sources, [[] for _ in places], Decoding()) if places else []
        texts = {n: self._tokenizer.join(result.tokens) for n, result in zip(places, results, strict=True)}
        return [texts.get(n, "") for n in range(len(jobs))]


def open_engine(spec: ModelSpec) -> Placed[Engine[Sentence, str]]:
    """Open a model and run it once, so that the first caller does not pay for it."""
    name = spec.options.get("tokens", "")
    if name not in TOKENIZERS:
        raise BadModel(f"{spec.ref}: options.tokens is {name!r}; write one of {', '.join(TOKENIZERS)}.")
    placed = backends.generator(spec)
    engine = TranslateEngine(placed.model, TOKENIZERS[name](spec))
    engine.run([Sentence("Hello.", "en", "en")])
    return placed.holding(engine)
