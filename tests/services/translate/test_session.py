from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.errors import BadInput, BadModel
from parley.session import Flush
from parley.stage import ServiceConfig
from parley.v1 import translate_pb2 as v1
from services.translate.engine import Sentence, open_engine
from services.translate.session import TranslateSession
from services.translate.stage import begin
from tests.fakes import spec_of
from tests.services.play import of, play
from tests.sound import cut

SPEC = spec_of("translate", tokens="words")
ECHO = open_engine(SPEC).model
TEXTS = st.text(st.sampled_from("aB .!?。\n"), max_size=60)
CUTS = st.lists(st.integers(0, 60), max_size=10)
PATIENCE = st.lists(st.integers(0, 3), min_size=1, max_size=4)


class Shout:
    """A language of capitals."""

    def run(self, jobs: Sequence[Sentence]) -> Sequence[str]:
        return [job.text.upper() for job in jobs]


def session(glossary: dict[str, str] | None = None, **config: Any) -> TranslateSession:
    entries = [v1.GlossaryEntry(source=k, target=v) for k, v in (glossary or {}).items()]
    asked = v1.TranslateConfig(**{"target_language": "de", "glossary": entries, **config})
    return begin(asked, SPEC, ServiceConfig(listen="", models=()))


def texts(said: Sequence[Any]) -> list[tuple[str, str]]:
    return [(each.source_text, each.text) for each in of(v1.Translation, said)]


@given(TEXTS, CUTS, PATIENCE)
def test_pieces_do_not_hear_the_chunks(text: str, cuts: list[int], patience: list[int]) -> None:
    """Any chunking gives the same pieces; together they are the text, and so are their translations, space kept."""
    said = texts(play(session(), Shout(), cut(text, cuts), patience))
    assert said == texts(play(session(), Shout(), [text]))
    assert "".join(source for source, _ in said) == text
    assert "".join(target for _, target in said) == text.upper()


@given(TEXTS, CUTS)
def test_a_glossary_changes_its_phrases_only(text: str, cuts: list[int]) -> None:
    """With a glossary the rest is translated as before, and a phrase is what it was told to be."""
    said = texts(play(session({"a": "x", "B": ""}), Shout(), cut(text, cuts)))
    assert "".join(target for _, target in said) == text.replace("a", "x")


def test_the_longest_phrase_wins() -> None:
    """New York City is not New York and a City; a phrase's dots are dots."""
    said = play(session({"New York": "1", "New York City": "2", "a.c": "3"}), Shout(), ["in New York City abc a.c"])
    assert texts(said) == [("in New York City abc a.c", "IN 2 ABC 3")]


@pytest.mark.parametrize("items", [[], [""], [Flush()], [Flush(), "", Flush()]])
def test_an_empty_stream_says_nothing(items: list[Any]) -> None:
    """`finish` and `flush` on an empty stream are legal."""
    assert play(session(), ECHO, items) == []


def test_a_flush_ends_the_sentence() -> None:
    """What is held is translated at once, and only once."""
    said = play(session(), Shout(), ["Hello wor", Flush(), Flush(), "ld"])
    assert texts(said) == [("Hello wor", "HELLO WOR"), ("ld", "LD")]


def test_languages_are_told() -> None:
    """An answer says from what into what, without regions."""
    (said,) = of(v1.Translation, play(session(source_language="en-GB", target_language="de-AT"), ECHO, ["Hi"]))
    assert (said.source_language, said.target_language) == ("en", "de")


def test_who_asks_for_nonsense_is_told() -> None:
    """No target, a language the model does not know and an empty phrase are refused."""
    with pytest.raises(BadInput, match="target_language"):
        session(target_language="")
    with pytest.raises(BadInput, match="source phrase"):
        session({" ": "x"})
    known = replace(SPEC, languages=("en", "de"))
    for asked in ({"source_language": "fr", "target_language": "de"}, {"target_language": "fr"}):
        with pytest.raises(BadInput, match="it knows en, de"):
            begin(v1.TranslateConfig(**asked), known, ServiceConfig(listen="", models=()))  # type: ignore[arg-type]


def test_an_empty_sentence_costs_no_run() -> None:
    """In a batch empty texts stay empty, and the others get their own answers."""
    jobs = [Sentence(text, "en", "de") for text in ("", "a b", "", "c")]
    assert list(ECHO.run(jobs)) == ["", "a b", "", "c"]
    assert list(ECHO.run(jobs[:1])) == [""]


def test_unknown_tokens_are_refused() -> None:
    """A model whose tokens nobody can make is a bad model."""
    with pytest.raises(BadModel, match="write one of words"):
        open_engine(spec_of("translate", tokens="spm"))
