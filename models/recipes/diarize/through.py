"""`python -m models.recipes.diarize.through FOLDER --data ...`: a model folder judged through the service's code."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf.message import Message

from models.recipes.diarize.base_card import TARGETS, card
from models.recipes.diarize.judging.der import Errors, errors
from models.recipes.diarize.judging.following import told as heard
from models.recipes.diarize.sound.conversations import Conversation, conversations, meetings
from models.recipes.diarize.sound.speakers import Turn
from models.recipes.diarize.sound.trials import CONDITIONS, CORPORA, eer, trials
from models.recipes.provenance import Manifest
from models.recipes.sound import RATE_HZ, Audio
from models.recipes.targets import Row, at_most, table, told
from parley.engines.model import ModelSpec, read_spec
from parley.engines.protocols import Engine
from parley.v1 import diarize_pb2 as v1
from services.diarize.engine import WindowsJob, open_engine
from services.diarize.stage import DiarizeServiceConfig, begin

SETTINGS = DiarizeServiceConfig(listen="", models=())
CHUNK = 3200  # bytes
JUDGED_ON = (*CORPORA, "ami-mini")
COUNT = 24  # made conversations of a kind
MEETINGS, LIVE, COUNTED = 30.0, 3.0, 1.0


@dataclass(frozen=True)
class Judged:
    """One recording: the errors before the last look and after it, and how many speakers too many or too few."""

    live: Errors
    final: Errors
    miscounted: int


def follow(spec: ModelSpec, engine: Engine[Any, Any], audio: Audio) -> tuple[list[Turn], list[Turn]]:
    """The turns that hold before the last look, and after."""
    return heard(spoken(spec, engine, np.round(audio * 32767).astype("<i2").tobytes()))


def spoken(spec: ModelSpec, engine: Engine[Any, Any], data: bytes) -> Iterable[Message]:
    """All that a stream says."""
    session = begin(v1.DiarizeConfig(), spec, SETTINGS)
    for at in range(0, len(data), CHUNK):
        yield from session.feed(data[at : at + CHUNK])
        while job := session.next_job():
            yield from session.absorb(engine.run([job])[0])
    yield from session.finish()
    while job := session.next_job():
        yield from session.absorb(engine.run([job])[0])


def judge(spec: ModelSpec, engine: Engine[Any, Any], talk: Conversation) -> Judged:
    """Score one recording."""
    live, final = follow(spec, engine, talk.audio)
    seconds = len(talk.audio) / RATE_HZ
    counted = len({name for name, _, _ in final}) - len({name for name, _, _ in talk.turns})
    return Judged(errors(talk.turns, live, seconds), errors(talk.turns, final, seconds), abs(counted))


def summed(found: Sequence[Judged]) -> dict[str, float]:
    """Percent over all recordings, and the mean miscount."""
    live = reduce(add, (each.live for each in found), Errors()).rate
    final = reduce(add, (each.final for each in found), Errors()).shares()
    count = float(np.mean([each.miscounted for each in found]))
    return {**final, "live": round(live, 2), "count": round(count, 2), "recordings": len(found)}


def verification(engine: Engine[Any, Any], data: Sequence[Path]) -> dict[str, float]:
    """Equal error rates of the embedding on test speakers, in percent."""
    found: dict[str, float] = {}
    for name, trial in trials(data, "test", seconds=(1.5, 3.0)).items():
        rows = np.concatenate([engine.run([WindowsJob(row[None])])[0] for row in trial.windows])
        found[name.replace("1.5", "1_5").replace(" ", "_")] = round(eer(*trial.by_corpus(rows).values()), 2)
    return found


def evaluate(data: Sequence[Path], folder: Path, count: int = COUNT) -> list[Row]:
    """Judge a folder, and write the numbers into its papers."""
    spec = read_spec(folder)
    engine = open_engine(spec).model
    talks = {condition: conversations(data, "test", count, condition) for condition in CONDITIONS}
    talks["ami-mini_dev"] = meetings(data)
    der = {name: summed([judge(spec, engine, each) for each in talk]) for name, talk in talks.items() if talk}
    papers = Manifest.read(folder).judged({"der": der, "eer": verification(engine, data)})
    papers.publish(folder, card)
    return promises(papers.metrics)


def promises(metrics: Mapping[str, Any]) -> list[Row]:
    """What was reached beside what was aimed at."""
    rows = [
        at_most(f"EER, {name.replace('_', ' ')}, %", TARGETS[name], found) for name, found in metrics["eer"].items()
    ]
    for name, found in metrics["der"].items():
        rows.append(
            at_most(f"DER, {name}, %", MEETINGS, found["der"])
            if "ami" in name
            else told(f"DER, {name}, %", found["der"])
        )
        rows.append(
            at_most(f"DER, {name}, before the last look, points above", LIVE, round(found["live"] - found["der"], 2))
        )
        rows.append(at_most(f"{name}, miscounted speakers, mean", COUNTED, found["count"]))
    return rows


def main() -> None:
    """Judge a folder from the command line."""
    parser = argparse.ArgumentParser(prog="models.recipes.diarize.through")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="librispeech-mini an4 ami-mini")
    parser.add_argument("--count", type=int, default=COUNT, help="made conversations of a kind")
    asked = parser.parse_args()
    print(table(evaluate(asked.data, asked.folder, asked.count)))


if __name__ == "__main__":
    main()
