"""The segmentation and the voices that ship, through the service."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from parley.audio.media import read
from parley.audio.pcm import RATE_HZ, Samples
from parley.engines.model import ModelRef, locate
from parley.errors import BadInput
from parley.v1 import diarize_pb2 as v1
from services.diarize.engine import SegmentJob, WindowsJob, open_engine, shape_of
from services.diarize.stage import DiarizeServiceConfig, begin
from tests.contract.source import ROOT
from tests.services.play import of, play
from tests.sound import cut

SPEC = locate([ROOT / "models/embedded"], "diarize", ModelRef("voice-base", "1"))
ENGINE = open_engine(SPEC).model
SETTINGS = DiarizeServiceConfig(listen="", models=())
CHANGE_S = (5.9, 6.7)  # half a second of silence between the two
Spans = list[tuple[str, float, float]]


def recording(name: str) -> bytes:
    return read((ROOT / f"examples/{name}.flac").read_bytes(), 60, RATE_HZ).data


def floats(data: bytes) -> Samples:
    return np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768)


ONE, TWO = recording("one-speaker"), recording("two-speakers")
HER, HIM = floats(TWO)[: 6 * RATE_HZ], floats(TWO)[round(6.6 * RATE_HZ) :]


def whole(data: bytes, chunk: int = 6400, **config: Any) -> Spans:
    """Who spoke when, in the end."""
    session = begin(v1.DiarizeConfig(**config), SPEC, SETTINGS)
    turns = of(v1.Revision, play(session, ENGINE, cut(data, range(0, len(data), chunk))))[-1].turns
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


def test_two_at_once_are_told_as_two() -> None:
    """He begins two seconds before she ends: their turns overlap."""
    mixed = np.zeros(len(HER) + len(HIM) - 2 * RATE_HZ, np.float32)
    mixed[: len(HER)] += HER
    mixed[len(HER) - 2 * RATE_HZ :] += HIM
    turns = whole((np.clip(mixed, -1, 1) * 32767).astype("<i2").tobytes())
    hers, his = ([(a, b) for speaker, a, b in turns if speaker == who] for who in ("1", "2"))
    assert sum(max(0.0, min(b, d) - max(a, c)) for a, b in hers for c, d in his) > 0.5


def test_a_known_voice_has_its_name() -> None:
    """Four seconds of her are enough to know her, and not to take him for her."""
    ada = v1.Enrolment(name="Ada", audio=ONE[: 4 * 2 * RATE_HZ])
    assert list(dict.fromkeys(speaker for speaker, *_ in whole(TWO, enrolments=[ada]))) == ["Ada", "1"]


def test_a_voice_is_known_by_what_was_kept_of_it() -> None:
    """A voiceprint that one stream told enrols the voice in the next; one of another version is left out."""
    ada = v1.Enrolment(name="Ada", audio=ONE[: 4 * 2 * RATE_HZ])
    asked = begin(v1.DiarizeConfig(enrolments=[ada], report_voiceprints=True), SPEC, SETTINGS)
    (told,) = of(v1.Enrolled, play(asked, ENGINE, []))
    assert (told.name, told.voiceprint.model) == ("Ada", "voice-base@1")
    known = v1.Enrolment(name="Ada", voiceprint=told.voiceprint)
    assert whole(TWO, enrolments=[known]) == whole(TWO, enrolments=[ada])
    known.voiceprint.model = "voice-base@0"
    assert whole(TWO, enrolments=[known]) == whole(TWO)


@pytest.mark.parametrize("values", [b"", b"123", bytes(192 * 4), np.ones(8, "<f4").tobytes()])
def test_bytes_that_are_no_voiceprint_are_refused(values: bytes) -> None:
    """They must be as many numbers as the model makes, and not all zero."""
    known = v1.Enrolment(name="Ada", voiceprint=v1.Voiceprint(model="voice-base@1", values=values))
    with pytest.raises(BadInput, match="192"):
        begin(v1.DiarizeConfig(enrolments=[known]), SPEC, SETTINGS)


@pytest.mark.parametrize("chunk", [640, 1 << 20])
def test_chunks_do_not_matter(chunk: int) -> None:
    """However the sound arrives, the answer is the same."""
    assert whole(TWO, chunk) == whole(TWO)


def test_company_does_not_matter() -> None:
    """In a run with others a window and a segment give what they give alone."""
    size = shape_of(SPEC).size
    rows, segment = np.stack([floats(TWO)[at : at + size] for at in range(0, 4 * size, size)]), SegmentJob(HER)
    together, active, again = ENGINE.run([WindowsJob(rows), segment, WindowsJob(rows[:1])])
    alone = np.concatenate([ENGINE.run([WindowsJob(row[None])])[0] for row in rows])
    assert np.abs(together - alone).max() < 1e-4
    assert np.abs(again - alone[:1]).max() < 1e-4
    assert (active == ENGINE.run([segment])[0]).all()


def test_openvino_embeds_the_same() -> None:
    """The same file with the other library: embeddings that point the same way, at any length."""
    from parley.engines import backends

    graph = replace(SPEC.graph("embedding"), options={})
    ours, theirs = (backends.tensors(replace(graph, backend=each)).model for each in ("onnx", "openvino"))
    for size in (16_000, 24_000, 48_000):
        rows = HER[None, :size]
        one, other = (each.run({"audio": rows})["embedding"] for each in (ours, theirs))
        assert (one * other).sum() > 0.99
