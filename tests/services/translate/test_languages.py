from dataclasses import replace

import pytest

from parley.errors import BadInput, BadModel
from services.translate.languages import Languages
from tests.fakes import spec_of

NANO = Languages.of(
    replace(
        spec_of("translate", pairs=[["en", "de"], ["de", "en"], ["en", "fr"], ["fr", "en"]]),
        languages=("en", "de", "fr"),
    )
)


@pytest.mark.parametrize(
    ("source", "target", "way"),
    [("en", "de", ("de",)), ("de", "fr", ("en", "fr")), ("de", "de", ()), ("de", "", ()), ("en", "it", None)],
)
def test_the_way(source: str, target: str, way: tuple[str, ...] | None) -> None:
    """A pair is one step, a language between makes two; what is there already needs none."""
    assert NANO.way(source, target) == way


def test_what_can_be_brought_into_a_language() -> None:
    """A model of one direction takes its source, and text that is in the target already."""
    one = Languages.of(replace(spec_of("translate", pairs=[["en", "de"]]), languages=("en", "de")))
    assert one.sources("de") == ("en", "de")
    assert one.sources("en") == ("en",)
    with pytest.raises(BadInput, match="does not go from de to en; it has en-de"):
        one.check("de", "en")
    one.check("", "de")


def test_all_ways_are_told() -> None:
    """Those through a third language too; a language nothing leads out of has none."""
    one = Languages.of(replace(spec_of("translate", pairs=[["de", "en"], ["en", "fr"]]), languages=("en", "de", "fr")))
    assert one.ways() == [("en", "fr"), ("de", "en"), ("de", "fr")]


def test_without_pairs_every_language_goes_into_every_other() -> None:
    """A many-to-many model lists its languages only."""
    every = Languages.of(replace(spec_of("translate"), languages=("en", "de", "fr")))
    assert every.way("de", "fr") == ("fr",)


def test_a_model_that_declares_nothing_is_asked_for_anything() -> None:
    """The echo model goes from anywhere to anywhere."""
    free = Languages.of(spec_of("translate"))
    free.check("xx", "yy")
    assert free.way("xx", "yy") == ("yy",)


def test_a_pair_of_strangers_is_a_bad_model() -> None:
    """Pairs name languages that the model lists."""
    with pytest.raises(BadModel, match="names 'it', which `languages` does not list"):
        Languages.of(replace(spec_of("translate", pairs=[["en", "it"]]), languages=("en",)))


def test_tags_are_read_as_the_model_has_them() -> None:
    """A region is dropped, unless the model knows it."""
    known = Languages.of(replace(spec_of("translate"), languages=("pt-BR", "en")))
    assert [known.named(tag) for tag in ("en-GB", "pt-BR", "EN", "")] == ["en", "pt-BR", "en", ""]
