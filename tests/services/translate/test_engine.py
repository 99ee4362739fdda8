from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from parley.engines.protocols import Decoding, Generated, Tokens
from services.translate.engine import TranslateEngine, open_engine
from services.translate.languages import Languages
from services.translate.sentence import Said, Sentence, Translated
from services.translate.tokens import WordTokenizer
from tests.fakes import spec_of

SPEC = replace(
    spec_of("translate", tokens="words", pairs=[["en", "de"], ["de", "en"], ["en", "fr"], ["fr", "en"]]),
    languages=("en", "de", "fr"),
)


class Tagged(WordTokenizer):
    """Every source begins with its pair."""

    def source(self, text: str, source: str, target: str) -> Tokens:
        return [f"{source}-{target}", *super().source(text, source, target)]


class Scribe:
    """A generator that writes its prompt and then its source, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[tuple[str, str]]] = []
        self.how = Decoding()

    def generate(
        self, sources: Sequence[Tokens] | npt.NDArray[np.float32], prompts: Sequence[Tokens], how: Decoding
    ) -> list[Generated]:
        self.how = how
        self.asked.append([(" ".join(s), " ".join(p)) for s, p in zip(sources, prompts, strict=True)])
        return [Generated([*prompt, *source]) for source, prompt in zip(sources, prompts, strict=True)]


def engine(scribe: Scribe, longest: int = 128) -> TranslateEngine:
    how = Decoding(beam=2, longest=longest, no_repeat_ngram=4)
    return TranslateEngine(scribe, Tagged(), Languages.of(SPEC), how)


def test_a_batch_of_everything() -> None:
    """Each gets its own answer by its own way; what needs no translation costs no run."""
    scribe = Scribe()
    jobs = [
        Sentence("Good morning!", "en", "de"),
        Sentence("", "en", "de"),
        Sentence("Guten Morgen!", "de", "fr"),
        Sentence("12:30", "en", "fr"),
        Sentence("Schon deutsch.", "de", "de"),
    ]
    said = engine(scribe).run(jobs)
    assert scribe.asked == [
        [("en-de Good morning!", ""), ("de-en Guten Morgen!", "")],
        [("en-fr de-en Guten Morgen!", "")],
    ]
    want = ["en-de Good morning!", "", "en-fr de-en Guten Morgen!", "12:30", "Schon deutsch."]
    assert [each.text for each in said] == want
    assert scribe.how == Decoding(beam=2, no_repeat_ngram=4)


def test_the_language_is_found_out() -> None:
    """A source that is not given is found out, and told with how sure that is; a given one is sure."""
    said = engine(Scribe()).run([Sentence("Wo ist der Bahnhof?", "", "en"), Sentence("Hotel", "fr", "en")])
    assert [each.source for each in said] == ["de", "fr"]
    assert said[0].text == "de-en Wo ist der Bahnhof?"
    assert 0.5 < said[0].confidence < 1
    assert said[1].confidence == 1


def test_only_the_language_is_asked_for() -> None:
    """Without a target the model is not asked at all."""
    scribe = Scribe()
    (said,) = engine(scribe).run([Sentence("Où est la gare ?", "", "")])
    assert (said.source, scribe.asked) == ("fr", [])


def test_what_was_said_before_is_heard_again() -> None:
    """Context goes before the source and, translated, before the answer; the answer is given without it."""
    scribe = Scribe()
    job = Sentence("She ran.", "en", "de", before=(Said("A cat came.", "Eine Katze kam."),))
    assert engine(scribe).run([job]) == [Translated("en-de A cat came. She ran.", "en", 1.0)]
    assert scribe.asked == [[("en-de A cat came. She ran.", "Eine Katze kam.")]]


def test_context_leaves_room_for_the_answer() -> None:
    """Of what came before, the oldest is dropped until half of the longest answer is left."""
    scribe = Scribe()
    said = tuple(Said(f"old {n}", " ".join(["alt"] * 3)) for n in range(3))
    engine(scribe, longest=14).run([Sentence("New.", "en", "de", before=said)])
    assert scribe.asked == [[("en-de old 1 old 2 New.", "alt alt alt alt alt alt")]]


def test_a_model_is_opened_warm() -> None:
    """Opening runs every pair, and finds out a language: the first caller pays for neither."""
    opened = open_engine(SPEC).model
    assert opened.run([Sentence("a b", "en", "de")]) == [Translated("a b", "en", 1.0)]


def test_the_echo_model_goes_from_anywhere_to_anywhere() -> None:
    """A model that declares no language is not asked about any."""
    echo = open_engine(spec_of("translate", tokens="words")).model
    assert echo.run([Sentence("a b", "", "xx"), Sentence("", "", "xx")]) == [
        Translated("a b", "", 0.0),
        Translated("", "", 0.0),
    ]
