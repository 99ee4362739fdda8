"""Do numbers, dates, amounts, names and links survive? Made sentences through the served translator.

`python -m models.recipes.translate.facts [MODEL] [SENTENCES]` prints what was lost; needs no data. `make eval-facts`.
"""

import random
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from parley.engines.model import ModelRef, ModelSpec, locate
from parley.engines.protocols import Engine
from parley.serving.stage import ServiceConfig
from parley.v1.translate_pb2 import TranslateConfig, Translation
from services.translate.phrases import numbers_in
from services.translate.sentence import Sentence, Translated
from services.translate.stage import begin_translation, open_engine

ROOTS = (Path("models/embedded"),)
WAYS = (("en", "de"), ("en", "fr"))
MONTHS = {
    "en": ("January", "February", "March", "April", "June", "July", "August", "September", "October", "November"),
    "de": ("Januar", "Februar", "März", "April", "Juni", "Juli", "August", "September", "Oktober", "November"),
    "fr": ("janvier", "février", "mars", "avril", "juin", "juillet", "août", "septembre", "octobre", "novembre"),
}
CURRENCIES = {"euros": r"euro|€", "dollars": r"dollar|\$", "pounds": r"pfund|livre|pound|£"}
_SMALL = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
SMALL = f"{_SMALL} eighteen nineteen".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
TENS = ["", "", *_TENS.split()]
_FIRST = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth"
FIRST = _FIRST.split()
PEOPLE = ("Farouk", "Quintana", "Sinéad O'Brien", "Mr. Tanaka", "Ngozi", "Björn", "Dr. Patel", "Anna Maria Kowalska")
PLACES = ("Vladivostok", "Quuxville", "Aarhus", "Ouagadougou", "Little Rock", "Chennai", "Bad Homburg", "Timbuktu")
LINKS = ("https://example.org/a?b=1", "www.parley.example/docs", "ann.lee@mail.example.com", "http://10.0.0.7:8080/x")
SENTENCES = {
    "number": (
        "There are {n} people in the room.",
        "The train {x} leaves from platform {c}.",
        "I have read {n} pages.",
    ),
    "said number": ("There are {N} people here.", "He is {C} years old.", "We need {N} chairs."),
    "date": ("He was born on {m} {d}, {y}.", "We met on {d} {m} {y}.", "The meeting is on {m} {d}."),
    "said date": ("He was born on {m} {D} {Y}.", "We met on the {D} of {m}.", "She died in {Y}."),
    "time": ("The bus leaves at {h}:{q}.", "Please come at {h}:{q}."),
    "amount": ("It costs {n} {e}.", "He paid {k},{n} {e} for the car.", "I owe you {c}.{q} {e}."),
    "person": ("{p} lives in a big house.", "I met {p} yesterday.", "Do you know {p}?"),
    "place": ("I have never been to {l}.", "She works in {l}.", "We flew from {l} to {o}."),
    "link": ("Please look at {u} first.", "You can find it at {u}.", "Write to {u} tomorrow."),
}


@dataclass(frozen=True)
class Fact:
    """What must stand in a translation: a pattern, or digits."""

    what: str
    pattern: str = ""  # in any case
    digits: str = ""

    def survives(self, text: str) -> bool:
        """Whether it stands there."""
        return self.digits in numbers_in(text) if self.digits else bool(re.search(self.pattern, text, re.IGNORECASE))


@dataclass(frozen=True)
class Probe:
    """A sentence and its facts."""

    kind: str
    text: str
    facts: Sequence[Fact]


def spoken(number: int) -> str:
    """In English words, below a thousand."""
    if number >= 100:
        rest = f" and {spoken(number % 100)}" if number % 100 else ""
        return f"{SMALL[number // 100 - 1]} hundred{rest}"
    if number < 20:
        return SMALL[number - 1]
    return TENS[number // 10] + (f" {SMALL[number % 10 - 1]}" if number % 10 else "")


def ordinal(number: int) -> str:
    """The same as a day of a month, up to the thirteenth, or in the twenties."""
    return FIRST[number - 1] if number <= len(FIRST) else f"twenty-{FIRST[number - 21]}"


def probe(rng: random.Random, kind: str, target: str) -> Probe:
    """One of a kind."""
    month = rng.randrange(len(MONTHS["en"]))
    day, said_day, year = rng.randint(1, 28), rng.choice([*range(1, 14), *range(21, 30)]), rng.randint(1913, 1999)
    n, c, k, q = rng.randint(101, 999), rng.randint(21, 99), rng.randint(1, 99), rng.randint(10, 59)
    currency, x, h = rng.choice(list(CURRENCIES)), rng.randint(1000, 9999), rng.randint(7, 22)
    who, where, link = rng.choice(PEOPLE), rng.choice(PLACES), rng.choice(LINKS)
    other = rng.choice([place for place in PLACES if place != where])
    template = rng.choice(SENTENCES[kind])
    year_said = f"nineteen {spoken(year % 100)}" if year > 1909 else "nineteen hundred"
    text = template.format(
        n=n, c=c, k=k, q=q, x=x, h=h, d=day, y=year, m=MONTHS["en"][month], N=spoken(n), C=spoken(c),
        D=ordinal(said_day), Y=year_said, e=currency, p=who, l=where, o=other, u=link,
    )  # fmt: skip
    known = {
        "n": Fact(str(n), digits=str(n)), "c": Fact(str(c), digits=str(c)), "x": Fact(str(x), digits=str(x)),
        "d": Fact(str(day), digits=str(day)), "y": Fact(str(year), digits=str(year)), "N": Fact(str(n), digits=str(n)),
        "C": Fact(str(c), digits=str(c)), "D": Fact(str(said_day), rf"\b{said_day}(?:\.|er)? "),
        "Y": Fact(str(year), digits=str(year)), "m": Fact(MONTHS["en"][month], rf"\b{MONTHS[target][month]}"),
        "h": Fact(f"{h}:{q}", rf"\b{h} ?[:.hH] ?{q}\b"), "e": Fact(currency, CURRENCIES[currency]),
        "k": Fact(f"{k},{n}", rf"\b{k}[.,  ]?{n}\b"), "p": Fact(who, re.escape(who.split()[-1])),
        "l": Fact(where, re.escape(where)), "o": Fact(other, re.escape(other)), "u": Fact(link, re.escape(link)),
    }  # fmt: skip
    named = set(re.findall(r"\{(\w)\}", template))
    if {"k", "n"} <= named:
        del known["n"]
    if "q" in named and "c" in named:
        known["c"] = Fact(f"{c}.{q}", rf"\b{c}[.,]{q}\b")
    return Probe(kind, text, [fact for name, fact in known.items() if name in named])


def probes(count: int, target: str, seed: int = 1) -> Iterator[Probe]:
    """As many of each kind, nearly."""
    rng, kinds = random.Random(seed), list(SENTENCES)
    return (probe(rng, kinds[n % len(kinds)], target) for n in range(count))


def translated(spec: ModelSpec, engine: Engine[Sentence, Translated], text: str, source: str, target: str) -> str:
    """As a stream gets it."""
    config = TranslateConfig(source_language=source, target_language=target)
    session = begin_translation(config, spec, ServiceConfig(listen="", models=()))
    said = [*session.feed(text), *session.finish()]
    while (job := session.next_job()) is not None:
        said += session.absorb(*engine.run([job]))
    return "".join(event.text for event in said if isinstance(event, Translation))


def main(model: str = "nano-tatoeba@1", count: str = "200") -> None:
    """Print every loss, and how many of each kind survive."""
    spec = locate(ROOTS, "translate", ModelRef.of(model))
    engine = open_engine(spec).model
    for source, target in WAYS:
        tried, lost = dict.fromkeys(SENTENCES, 0), dict.fromkeys(SENTENCES, 0)
        for each in probes(int(count), target):
            text = translated(spec, engine, each.text, source, target)
            missing = [fact.what for fact in each.facts if not fact.survives(text)]
            tried[each.kind], lost[each.kind] = tried[each.kind] + 1, lost[each.kind] + bool(missing)
            if missing:
                print(f"{source}-{target} {each.kind}: {each.text} -> {text}  [{', '.join(missing)}]")
        print(f"{source}-{target}: " + ", ".join(f"{kind} {lost[kind]}/{tried[kind]}" for kind in SENTENCES))


if __name__ == "__main__":
    main(*sys.argv[1:])
