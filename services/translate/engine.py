"""Sentences -> their translations, a whole batch at once. Must not know streams."""

from collections.abc import Sequence
from dataclasses import dataclass

from parley.engines import backends
from parley.engines.backends import Placed
from parley.engines.model import ModelSpec
from parley.engines.protocols import Decoding, Engine, Generator, Tokens
from services.translate.hearing import hear
from services.translate.languages import Languages
from services.translate.options import TranslateOptions
from services.translate.sentence import Said, Sentence, Translated
from services.translate.tokens import Tokenizer, open_tokenizer


@dataclass(frozen=True)
class _Step:
    """A text on its way into one language."""

    text: str
    source: str
    target: str
    before: tuple[Said, ...] = ()


class TranslateEngine:
    """Languages, tokens, the generator, text."""

    def __init__(self, generator: Generator, tokenizer: Tokenizer, languages: Languages, how: Decoding) -> None:
        self._generator, self._tokenizer, self._languages, self._how = generator, tokenizer, languages, how

    def run(self, jobs: Sequence[Sentence]) -> Sequence[Translated]:
        """One translation a sentence. What has no letters, or is in the wanted language, stays as it is."""
        heard = [hear(job, self._languages) for job in jobs]
        texts, places = [job.text for job in jobs], [each.language for each in heard]
        ways = [self._way(job, guess.language) for job, guess in zip(jobs, heard, strict=True)]
        for step in range(max(map(len, ways), default=0)):
            going = [n for n, way in enumerate(ways) if len(way) > step]
            steps = [
                _Step(texts[n], places[n], ways[n][step], jobs[n].before if len(ways[n]) == 1 else ()) for n in going
            ]
            for n, text in zip(going, self._generate(steps), strict=True):
                texts[n], places[n] = text, ways[n][step]
        return [Translated(text, each.language, each.confidence) for text, each in zip(texts, heard, strict=True)]

    def _way(self, job: Sentence, source: str) -> tuple[str, ...]:
        return (self._languages.way(source, job.target) or ()) if any(map(str.isalpha, job.text)) else ()

    def _generate(self, steps: Sequence[_Step]) -> list[str]:
        if not steps:
            return []
        asked = [self._asked(step) for step in steps]
        results = self._generator.generate([source for source, _ in asked], [prompt for _, prompt in asked], self._how)
        pairs = zip(results, asked, strict=True)
        return [self._tokenizer.text(result.tokens[len(prompt) :]) for result, (_, prompt) in pairs]

    def _asked(self, step: _Step) -> tuple[Tokens, Tokens]:
        """The source and how its answer begins. What came before is dropped when it would take the answer's room."""
        for before in (step.before[n:] for n in range(len(step.before) + 1)):
            text = " ".join([*(said.source for said in before), step.text])
            prompt = self._tokenizer.prompt(" ".join(said.translation for said in before), step.source, step.target)
            if not before or len(prompt) <= self._how.longest // 2:
                break
        return self._tokenizer.source(text, step.source, step.target), prompt


def open_engine(spec: ModelSpec) -> Placed[Engine[Sentence, Translated]]:
    """Open it and run it, alone and in a batch, so that the first caller does not pay for it."""
    tokenizer, languages = open_tokenizer(spec), Languages.of(spec)
    placed = backends.generator(spec)
    engine = TranslateEngine(placed.model, tokenizer, languages, _decoding(spec))
    for source, target in sorted(languages.pairs)[:4] or [("en", "de")]:
        for size in (1, 16):
            engine.run([Sentence("Hello, how are you?", source, target)] * size)
    engine.run([Sentence("Hello.", "", "")])
    return placed.holding(engine)


def _decoding(spec: ModelSpec) -> Decoding:
    declared = TranslateOptions.of(spec)
    return Decoding(declared.beam, declared.max_pieces, declared.repetition_penalty, declared.no_repeat_ngram)
