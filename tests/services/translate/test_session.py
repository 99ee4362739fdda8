import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.engines.model import ModelSpec
from parley.errors import BadInput
from parley.serving.session import Flush
from parley.serving.stage import ServiceConfig
from parley.v1 import translate_pb2 as v1
from services.translate import stage
from services.translate.engine import open_engine
from services.translate.sentence import Said, Sentence, Translated
from services.translate.session import KnownText, TranslateSession
from services.translate.stage import begin_translation
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

    def __init__(self) -> None:
        self.asked: list[Sentence] = []

    def run(self, jobs: Sequence[Sentence]) -> Sequence[Translated]:
        self.asked += jobs
        return [Translated(job.text.upper(), job.source or "en", 1.0 if job.source else 0.8) for job in jobs]


class Copyist:
    """Knows nothing but how to copy names."""

    def run(self, jobs: Sequence[Sentence]) -> Sequence[Translated]:
        return [Translated(job.text.replace("in", "IN"), "en", 1.0) for job in jobs]


def session(glossary: dict[str, str] | None = None, spec: ModelSpec = SPEC, **config: Any) -> TranslateSession:
    entries = [v1.GlossaryEntry(source=k, target=v) for k, v in (glossary or {}).items()]
    asked = v1.TranslateConfig(**{"target_language": "de", "glossary": entries, **config})
    return begin_translation(asked, spec, ServiceConfig(listen="", models=()))


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
    assert "".join(source for source, _ in said) == text
    words = re.split(r"(?<!\w)(a)(?!\w)", text)
    assert "".join(target for _, target in said) == "".join("x" if word == "a" else word.upper() for word in words)


def test_a_phrase_that_does_not_survive_is_put_back() -> None:
    """A model that changes a phrase is asked for the parts around it; one that copies it, only once."""
    shout = Shout()
    said = play(session({"Berlin": "", "New York": "Neu-York"}), shout, ["from Berlin to New York now"])
    assert texts(said) == [("from Berlin to New York now", "FROM Berlin TO Neu-York NOW")]
    assert [job.text for job in shout.asked] == ["from Berlin to Neu-York now", "from", "to", "now"]
    said = play(session({"New York": "Neu-York"}), Copyist(), ["in New York"])
    assert texts(said) == [("in New York", "IN Neu-York")]


def test_links_are_kept() -> None:
    """A link is a phrase that nobody had to name."""
    said = play(session(), Shout(), ["See https://a.example/b and me@b.example."])
    assert texts(said)[0][1] == "SEE https://a.example/b AND me@b.example."


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
            begin_translation(v1.TranslateConfig(**asked), known, ServiceConfig(listen="", models=()))  # type: ignore[arg-type]


def test_a_long_text_is_cut_as_the_model_wants_it() -> None:
    """The model's own limit of words holds."""
    said = texts(play(session(spec=replace(SPEC, options={"max_words": 3})), Shout(), ["one two, three four five"]))
    assert [source for source, _ in said] == ["one two,", " three four five"]


def test_the_language_spoken_so_far_is_remembered() -> None:
    """What was found out goes along with the next sentence; what is given is not asked again."""
    shout = Shout()
    said = of(v1.Translation, play(session(), shout, ["One. Two."]))
    assert [(job.source, job.spoken) for job in shout.asked] == [("", ""), ("", "en")]
    assert [each.source_language for each in said] == ["en", "en"]
    assert said[0].source_confidence == pytest.approx(0.8)
    (said_of_given,) = of(v1.Translation, play(session(source_language="en"), Shout(), ["One."]))
    assert said_of_given.source_confidence == 1


def test_text_may_say_its_language() -> None:
    """It is not found out then; a change ends the sentence that is held; what the config says goes before."""
    shout, items = Shout(), [KnownText("Guten", "de-AT"), KnownText(" Tag", "de-AT"), KnownText("Bonjour", "fr"), "Hi"]
    known = replace(SPEC, languages=("en", "de", "fr"))
    said = of(v1.Translation, play(session(spec=known, target_language="en"), shout, items))
    assert [(each.source_text, each.source_language) for each in said] == [
        ("Guten Tag", "de"), ("Bonjour", "fr"), ("Hi", "en"),
    ]  # fmt: skip
    assert [job.source for job in shout.asked] == ["de", "fr", ""]
    shout = Shout()
    play(session(spec=known, source_language="fr", target_language="en"), shout, items)
    assert {job.source for job in shout.asked} == {"fr"}


def test_text_in_a_language_from_which_there_is_no_way_stays_untranslated() -> None:
    """The answer says which it is, and is empty; what comes behind is translated as ever, without it as context."""
    options = {"tokens": "words", "pairs": [["de", "en"]], "context": 2}
    spec, shout = replace(SPEC, languages=("en", "de", "cy"), options=options), Shout()
    fed = ("Bore da.", "cy"), ("Guten Tag.", "de"), ("Hello.", "en"), ("?", "xx")
    said = of(v1.Translation, play(session(spec=spec, target_language="en"), shout, [KnownText(*each) for each in fed]))
    assert [(each.text, each.source_language) for each in said] == [
        ("", "cy"), ("GUTEN TAG.", "de"), ("HELLO.", "en"), ("", "xx"),
    ]  # fmt: skip
    assert shout.asked[1].before == ()


def test_a_text_request_may_name_its_language() -> None:
    """The wire's text becomes what a session is fed."""
    read = stage.STAGE.read
    assert read(v1.TranslateRequest(text={"text": "Hi"})) == "Hi"
    assert read(v1.TranslateRequest(text={"text": "Tag", "language": "de"})) == KnownText("Tag", "de")
    assert len(KnownText("Tag", "de")) == 3


def test_context_where_the_model_wants_it() -> None:
    """The last sentences and their translations go along, as many as the model says, without white space."""
    shout = Shout()
    play(session(spec=replace(SPEC, options={"context": 1})), shout, ["One. Two.\n \nThree."])
    assert [job.before for job in shout.asked if job.text] == [(), (Said("One.", "ONE."),), (Said("Two.", "TWO."),)]
    shout = Shout()
    play(session(), shout, ["One. Two."])
    assert [job.before for job in shout.asked] == [(), ()]


def test_only_the_language_is_asked_for() -> None:
    """detect_only needs no target, and says no text."""
    (said,) = of(v1.Translation, play(session(target_language="", detect_only=True), Shout(), ["Hello there."]))
    assert (said.source_text, said.text, said.source_language, said.target_language) == ("Hello there.", "", "en", "")


class Miscounter:
    """Forgets every number, and makes one up where there is nothing else."""

    def run(self, jobs: Sequence[Sentence]) -> Sequence[Translated]:
        return [Translated(re.sub(r"\d", "", job.text).upper() or "7", "en", 1.0) for job in jobs]


def test_numbers_are_copied_where_the_model_does_not() -> None:
    """A model that cannot count is asked for the words between the numbers."""
    plain = replace(SPEC, options={**SPEC.options, "write_figures": False})
    said = play(session(spec=plain), Miscounter(), ["Until 31 December 2025 we pay 4,500 euros."])
    assert [text for _, text in texts(said)] == ["UNTIL 31 DECEMBER 2025 WE PAY 4,500 EUROS."]


def test_dates_and_amounts_stand_as_the_target_writes_them() -> None:
    """Said or written; a model that changes them is asked for what is around them, and the source is told as it was."""
    text = "On January fifteenth nineteen sixty three we paid 4,500 euros."
    (done,) = of(v1.Translation, play(session(source_language="en"), Shout(), [text]))
    assert (done.text, done.source_text) == ("Am 15. Januar 1963 WE PAID 4.500 Euro.", text)
    (kept,) = of(v1.Translation, play(session({"nineteen sixty three": ""}), Shout(), ["in nineteen sixty three"]))
    assert kept.text == "IN nineteen sixty three"
    (german,) = of(v1.Translation, play(session(source_language="de", target_language="en"), ECHO, ["4,500 Euro"]))
    assert german.text == "4,500 Euro"


def test_a_long_text_is_read_a_little_at_a_time() -> None:
    """However much text comes at once, only the next sentences are looked for: meanwhile all other streams wait."""
    streamed = session({f"phrase {n}. and more {n}": "x" for n in range(1000)})
    list(streamed.feed("This is a sentence. " * 10_000))
    assert streamed.next_job() is not None
    assert len(streamed._waiting) <= 40


class Forgetful:
    """Knows Tom and Boston, and nobody else."""

    def run(self, jobs: Sequence[Sentence]) -> Sequence[Translated]:
        said = (re.sub(r"\b(?!(?:Tom|Boston|We|Mai)\b)[A-Z][a-z]+", "Xx", job.text) for job in jobs)
        return [Translated(text, "en", 1.0) for text in said]


def test_a_name_that_is_lost_is_put_back() -> None:
    """The model is asked with a name that it knows; where that is lost too, its first answer counts."""
    kept = of(v1.Translation, play(session(), Forgetful(), ["We met Quintana in Ystad on 3 May 2021."]))
    assert [each.text for each in kept] == ["We met Quintana in Ystad am 3. Mai 2021."]
    off = session(spec=replace(SPEC, options={**SPEC.options, "keep_names": False, "write_figures": False}))
    lost = of(v1.Translation, play(off, Forgetful(), ["We met Quintana."]))
    assert [each.text for each in lost] == ["We met Xx."]
