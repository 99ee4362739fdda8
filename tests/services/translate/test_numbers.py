"""Numbers through the embedded model: a price or a date that is another one is worse than no translation."""

import random

from parley.engines.model import ModelRef, locate
from parley.serving.stage import ServiceConfig
from parley.v1 import translate_pb2 as v1
from services.translate.engine import open_engine
from services.translate.phrases import numbers_in
from services.translate.stage import begin
from tests.contract.source import ROOT
from tests.services.play import of, play

SPEC = locate((ROOT / "models/embedded",), "translate", ModelRef("nano-tatoeba", "1"))
SETTINGS = ServiceConfig(listen="", models=())
WAYS = (("en", "de"), ("de", "en"), ("en", "fr"), ("fr", "en"))
MONTHS = {
    "en": ("January", "March", "May", "June", "August", "October", "December"),
    "de": ("Januar", "März", "Mai", "Juni", "August", "Oktober", "Dezember"),
    "fr": ("janvier", "mars", "mai", "juin", "août", "octobre", "décembre"),
}
SENTENCES = {
    "en": (
        "We meet on {d} {m} {y} at {h}:{q}.",
        "He paid {k},{n} euros for {c} tickets.",
        "The train {x} leaves at {h}.{q} from platform {c}.",
        "In {y} there were {n} of them, {c} % more than in {z}.",
        "Call {n}-{k}{n} before the {d}.",
    ),
    "de": (
        "Am {d}. {m} {y} um {h}:{q} Uhr.",
        "Er zahlte {k}.{n} Euro für {c} Karten.",
        "{c} von {n} Leuten waren {y} da.",
    ),
    "fr": (
        "Le {d} {m} {y} à {h}:{q}.",
        "Il a payé {k} {n} euros pour {c} billets.",
        "En {y}, {c} personnes sur {n}.",
    ),
}
RANGES = {"d": (1, 31), "y": (1900, 2099), "z": (1900, 2099), "h": (0, 23), "q": (10, 59), "k": (1, 99)}
RANGES |= {"n": (100, 999), "c": (2, 99), "x": (1000, 9999)}


def sentence(rng: random.Random, language: str) -> str:
    numbers = {name: rng.randint(*between) for name, between in RANGES.items()}
    return rng.choice(SENTENCES[language]).format(m=rng.choice(MONTHS[language]), **numbers)


def test_no_number_becomes_another_one() -> None:
    """200 sentences with dates, times, prices and telephone numbers: every number comes out as it went in."""
    rng, engine = random.Random(1), open_engine(SPEC).model
    for source, target in WAYS * 50:
        text = sentence(rng, source)
        asked = v1.TranslateConfig(source_language=source, target_language=target)
        said = of(v1.Translation, play(begin(asked, SPEC, SETTINGS), engine, [text]))
        assert numbers_in(" ".join(each.text for each in said)) == numbers_in(text), (text, said)
