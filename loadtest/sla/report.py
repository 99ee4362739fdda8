"""A judgement in words: for the terminal, for report.json, for a CI's JUnit XML. Must not know how it was judged."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from rich.console import Console
from rich.table import Table

from loadtest.promises import Verdict
from loadtest.scenario import Scenario
from loadtest.sla.judge import Judgement, Kept

COLOURS = {Verdict.HELD: "green", Verdict.BROKEN: "red", Verdict.INVALID: "yellow"}
UNITS = {"share": " %", "s": " s", "count": "", "ratio": "", "least": "", "most": ""}


def _number(value: float, statistic: str) -> str:
    number = 100 * value if statistic == "share" else value
    return f"{number:.3g}{UNITS.get(statistic, ' ms')}" if abs(number) < 1000 else f"{number:.0f} ms"


def name_of(kept: Kept) -> str:
    """Of a promise: the measure, and which percentile of it."""
    return f"{kept.measure} {kept.statistic.removesuffix('_ms')}" if kept.statistic.endswith("_ms") else kept.measure


def limit_of(kept: Kept) -> str:
    """What is promised."""
    return f"{'≥' if kept.statistic == 'least' else '≤'} {_number(kept.limit, kept.statistic)}"


def value_of_kept(kept: Kept) -> str:
    """What was measured."""
    return "nothing" if kept.value is None else _number(kept.value, kept.statistic)


def wanted_of(kept: Kept) -> str:
    """What we would like to promise."""
    return "" if kept.wanted is None else _number(kept.wanted, kept.statistic)


def size_of(scenario: Scenario) -> str:
    """How large a scenario is on this machine, and what share of the ceiling that is."""
    text = f"{scenario.size:g} {'a second' if scenario.sends_calls else 'people'}"
    return f"{text}, {scenario.ceiling_share:g} of the ceiling" if scenario.ceiling_share else text


def in_words(judgement: Judgement) -> str:
    """One run in a line: its verdict, and why."""
    broken = [each for each in judgement.kept if each.verdict is not Verdict.HELD]
    why = [f"{name_of(each)} {value_of_kept(each)}" for each in broken]
    return "; ".join([judgement.verdict.name.lower(), *judgement.doubts, *why])


def show(judgements: Sequence[Judgement], verdict: Verdict, console: Console) -> None:
    """One table."""
    table = Table(title_justify="left")
    for name in ("scenario", "promise", "limit", "measured", "of", "wanted", ""):
        right = name in ("limit", "measured", "of", "wanted")
        table.add_column(name, justify="right" if right else "left", no_wrap=True)
    for judgement in judgements:
        for n, kept in enumerate(judgement.kept):
            scenario = judgement.found.scenario
            table.add_row((scenario.name, size_of(scenario))[n] if n < 2 else "", *_row(kept))
        table.add_section()
    console.print(table)
    for judgement in judgements:
        name, runs = judgement.found.scenario.name, judgement.found.notes.get("runs", ())
        for doubt in judgement.doubts:
            console.print(f"[yellow]{name} says nothing: {doubt}.")
        if len(runs) > 1:
            console.print(f"[dim]{name}, run by run: {' | '.join(runs)}.")
    console.print(f"[bold {COLOURS[verdict]}]The promise is {verdict.name.lower()}.")


def _row(kept: Kept) -> list[str]:
    colour = COLOURS[kept.verdict]
    of, verdict = f"{kept.answers or ''}", f"[{colour}]{kept.verdict.name.lower()}"
    return [name_of(kept), limit_of(kept), value_of_kept(kept), of, wanted_of(kept), verdict]


def as_json(judgement: Judgement) -> dict[str, Any]:
    """Everything of one scenario, so that a later run can be compared with it."""
    found = judgement.found
    kept = [
        {"measure": each.measure, "statistic": each.statistic, "limit": each.limit, "value": each.value}
        | {"wanted": each.wanted, "answers": each.answers, "verdict": each.verdict.name}
        for each in judgement.kept
    ]
    return {
        "name": found.scenario.name,
        "about": found.scenario.about,
        "people": found.scenario.crowd,
        "size": found.scenario.size,
        "ceiling_share": found.scenario.ceiling_share,
        "verdict": judgement.verdict.name,
        "doubts": list(judgement.doubts),
        "promises": kept,
        "facts": dict(found.facts),
        "usage": dict(found.usage),
        "notes": dict(found.notes),
        "measures": found.measures.to_json(),
    }


def write_json(path: Path, verdict: Verdict, judgements: Sequence[Judgement], about: Mapping[str, Any]) -> None:
    """report.json."""
    report = {"verdict": verdict.name, **about, "scenarios": [as_json(each) for each in judgements]}
    path.write_text(json.dumps(report, indent=1) + "\n", "utf-8")


def write_junit(path: Path, judgements: Sequence[Judgement]) -> None:
    """A suite a scenario, a case a promise; what cannot be believed is an error, not a failure."""
    root = ElementTree.Element("testsuites", name="sla")
    for judgement in judgements:
        suite = ElementTree.SubElement(root, "testsuite", name=judgement.found.scenario.name)
        suite.set("tests", str(len(judgement.kept)))
        for kept in judgement.kept:
            name = f"{name_of(kept)} {limit_of(kept)}"
            case = ElementTree.SubElement(suite, "testcase", name=name, classname=judgement.found.scenario.name)
            if judgement.verdict is Verdict.INVALID:
                ElementTree.SubElement(case, "error", message="; ".join(judgement.doubts) or "nothing was measured")
            elif kept.verdict is Verdict.BROKEN:
                ElementTree.SubElement(case, "failure", message=f"measured {value_of_kept(kept)}")
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
