"""The voices that ship, through the service."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from parley.audio.media import read
from parley.audio.pcm import RATE_HZ, Samples
from parley.engines.model import ModelRef, locate
from parley.v1 import diarize_pb2 as v1
from services.diarize.engine import WindowsJob, open_engine, shape_of
from services.diarize.stage import DiarizeServiceConfig, begin
from tests.contract.source import ROOT
from tests.services.play import of, play
from tests.sound import cut

SPEC = locate([ROOT / "models/embedded"], "diarize", ModelRef("voice-nano", "1"))
ENGINE = open_engine(SPEC).model
SETTINGS = DiarizeServiceConfig(listen="", models=())
CHANGE_S = (5.9, 6.7)  # half a second of silence between the two


def recording(name: str) -> bytes:
    return read((ROOT / f"examples/{name}.flac").read_bytes(), 60, RATE_HZ).data


ONE, TWO = recording("one-speaker"), recording("two-speakers")


def floats(data: bytes) -> Samples:
    return np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768)


def whole(data: bytes, chunk: int = 6400, **config: Any) -> list[tuple[str, float, float]]:
    """Who spoke when, in the end."""
    session = begin(v1.DiarizeConfig(**config), SPEC, SETTINGS)
    said = play(session, ENGINE, cut(data, range(0, len(data), chunk)))
    turns = of(v1.Revision, said)[-1].turns
    times = [(turn.interval.start.ToTimedelta(), turn.interval.end.ToTimedelta()) for turn in turns]
    return [(t.speaker, a.total_seconds(), b.total_seconds()) for t, (a, b) in zip(turns, times, strict=True)]


def test_two_people_are_two() -> None:
    """A woman, then a man: two speakers, who change where there is silence between them."""
    turns = whole(TWO)
    assert len({speaker for speaker, *_ in turns}) == 2
    for speaker, start, end in turns:
        assert (end <= CHANGE_S[1]) if speaker == turns[0][0] else (start >= CHANGE_S[0])


def test_one_person_is_one() -> None:
    """Six seconds of one voice are one speaker."""
    assert len({speaker for speaker, *_ in whole(ONE)}) == 1


def test_a_known_voice_has_its_name() -> None:
    """Four seconds of her are enough to know her, and not to take him for her."""
    ada = v1.Enrolment(name="Ada", audio=ONE[: 4 * 2 * RATE_HZ])
    names = list(dict.fromkeys(speaker for speaker, *_ in whole(TWO, enrolments=[ada])))
    assert names == ["Ada", "1"]


@pytest.mark.parametrize("chunk", [640, 50_000, 1 << 20])
def test_chunks_do_not_matter(chunk: int) -> None:
    """However the sound arrives, the answer is the same."""
    assert whole(TWO, chunk) == whole(TWO)


def test_company_does_not_matter() -> None:
    """A window in a run with others gives what it gives alone."""
    size = shape_of(SPEC).size
    rows = np.stack([floats(TWO)[at : at + size] for at in range(0, 8 * size // 2, size // 2)])
    (together,) = ENGINE.run([WindowsJob(rows)])
    alone = np.concatenate([ENGINE.run([WindowsJob(row[None])])[0] for row in rows])
    assert np.abs(together - alone).max() < 1e-4


def test_openvino_gives_the_same() -> None:
    """The same file with the other library: embeddings that point the same way."""
    size = shape_of(SPEC).size
    rows = np.stack([floats(TWO)[at : at + size] for at in range(0, 4 * size, size)])
    (ours,) = ENGINE.run([WindowsJob(rows)])
    (theirs,) = open_engine(replace(SPEC, backend="openvino")).model.run([WindowsJob(rows)])
    assert (ours * theirs).sum(1).min() > 0.99
