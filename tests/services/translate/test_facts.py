"""Facts through the embedded model: what `make eval-facts` counts on 200 sentences a way, on fewer."""

import pytest

from models.recipes.translate import facts
from parley.engines.model import ModelRef, locate
from parley.engines.protocols import Engine
from services.translate.engine import open_engine
from services.translate.sentence import Sentence, Translated
from tests.contract.source import ROOT

SPEC = locate((ROOT / "models/embedded",), "translate", ModelRef("nano-tatoeba", "1"))


@pytest.fixture(scope="module")
def engine() -> Engine[Sentence, Translated]:
    return open_engine(SPEC).model


@pytest.mark.parametrize("target", ["de", "fr"])
def test_every_fact_survives(engine: Engine[Sentence, Translated], target: str) -> None:
    """Numbers, dates, amounts, links, names, written or said: each stands in the translation."""
    for each in facts.probes(45, target, seed=7):
        text = facts.translated(SPEC, engine, each.text, "en", target)
        lost = [fact.what for fact in each.facts if not fact.survives(text)]
        assert not lost, (each.text, text)


def test_a_date_is_no_time_of_day(engine: Engine[Sentence, Translated]) -> None:
    """What is said of a year is a year."""
    text = facts.translated(SPEC, engine, "January fifteenth nineteen sixty three", "en", "de")
    assert text.rstrip(".") == "15. Januar 1963"


def test_a_loss_is_seen() -> None:
    """The counting is not blind."""
    (each,) = (each for each in facts.probes(3, "de") if each.kind == "date")
    assert all(fact.survives("Am 9. Oktober 1999 am 15. Januar 1963 um 1500 Uhr.") is False for fact in each.facts)
