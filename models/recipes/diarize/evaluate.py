"""Judges the exported file on people it has never heard: verification, diarization, cost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import reduce
from operator import add
from pathlib import Path

from models.recipes.diarize.card import FOLDER, card, judged_by, promises
from models.recipes.diarize.judging.der import Errors, errors
from models.recipes.diarize.judging.floor import perfect
from models.recipes.diarize.judging.following import COSINES, HEIGHTS, Follow, online, speech_only, ward
from models.recipes.diarize.nets.cost import cost
from models.recipes.diarize.nets.runner import Embed, Runner
from models.recipes.diarize.sound.conversations import Conversation, conversations, meetings
from models.recipes.diarize.sound.trials import CONDITIONS, crossing, eer, trials
from models.recipes.provenance import Manifest
from models.recipes.sound import RATE_HZ
from models.recipes.targets import Row

DEV_COUNT, TEST_COUNT = 12, 24

Table = dict[str, dict[str, float]]


def evaluate(data: Sequence[Path], out: Path | None) -> list[Row]:
    """Tune on the development speakers, judge on the test speakers, and write it into the model's papers."""
    folder = out or FOLDER
    runner = Runner(folder / "model.onnx")
    height = tuned(data, runner, ward, HEIGHTS)
    methods = {"ward": ward, "online": online(height)}
    thresholds = {"ward": height, "online": tuned(data, runner, methods["online"], COSINES)}
    results = {
        "eer": verification(data, runner, "test"),
        "dev_eer": verification(data, runner, "dev"),
        "thresholds": thresholds,
        "der": diarization(data, runner, methods, thresholds),
        "cost": cost(folder / "model.onnx"),
    }
    print(json.dumps(results, indent=1))
    papers = judged_by(Manifest.read(folder), results)
    papers.publish(folder, card)
    return promises(papers.metrics)


def verification(data: Sequence[Path], embed: Embed, part: str) -> Table:
    """Equal error rates in percent: over corpora of equal weight, and by corpus; pairs counted."""
    table: Table = {}
    for name, trial in trials(data, part, seconds=(1.5, 3.0)).items():
        parts = trial.by_corpus(embed(trial.windows))
        found, threshold = crossing(*parts.values())
        counts = {
            "same_pairs": sum(len(a) for a, _ in parts.values()),
            "other_pairs": sum(len(b) for _, b in parts.values()),
        }
        values = {"eer": 100 * found, "at": threshold} | {corpus: eer(pairs) for corpus, pairs in parts.items()}
        table[name] = {key: round(value, 3) for key, value in values.items()} | counts
    return table


def tuned(data: Sequence[Path], embed: Embed, follow: Follow, choices: list[float]) -> float:
    """The threshold with the least error on conversations of development speakers, clean and by telephone."""
    talk = [c for condition in CONDITIONS for c in conversations(data, "dev", DEV_COUNT, condition)]
    return min(choices, key=lambda threshold: judged(talk, embed, follow, threshold).rate)


def diarization(
    data: Sequence[Path], embed: Embed, methods: dict[str, Follow], thresholds: dict[str, float]
) -> dict[str, Table]:
    """By method: errors on made conversations of test speakers, and on real meetings."""
    talks = {condition: conversations(data, "test", TEST_COUNT, condition) for condition in CONDITIONS}
    talks["ami-mini dev"] = meetings(data)
    talks = {row: talk for row, talk in talks.items() if talk}
    tables = {
        name: {row: judged(talk, embed, methods[name], threshold).shares() for row, talk in talks.items()}
        for name, threshold in thresholds.items()
    }
    return tables | floors(talks)


def floors(talks: dict[str, list[Conversation]]) -> dict[str, Table]:
    """What a net that is never wrong would reach with the same windows."""
    found: dict[str, Table] = {"perfect net": {}, "perfect net, pauses cut": {}}
    for row, talk in talks.items():
        plain = [errors(one.turns, perfect(one), len(one.audio) / RATE_HZ) for one in talk]
        cut = [errors(one.turns, speech_only(perfect(one), one.audio), len(one.audio) / RATE_HZ) for one in talk]
        for name, each in zip(found, (plain, cut), strict=True):
            found[name][row] = reduce(add, each, Errors()).shares()
    return found


def judged(talk: Sequence[Conversation], embed: Embed, follow: Follow, threshold: float) -> Errors:
    """Errors over all recordings."""
    each = [errors(one.turns, follow(one.audio, embed, threshold), len(one.audio) / RATE_HZ) for one in talk]
    return reduce(add, each, Errors())
