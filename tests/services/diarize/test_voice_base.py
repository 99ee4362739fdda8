"""The segmentation and the voices that ship, by themselves."""

from dataclasses import replace

import numpy as np
import pytest

from parley.audio.pcm import RATE_HZ
from parley.engines import backends
from parley.errors import BadInput
from parley.v1 import diarize_pb2 as v1
from services.diarize.engine import SegmentJob, WindowsJob, shape_of
from services.diarize.stage import begin
from tests.services.diarize.shipped import BASE, ONE, SETTINGS, TWO, floats, recording
from tests.services.play import of, play

HER, HIM = floats(TWO)[: 6 * RATE_HZ], floats(TWO)[round(6.6 * RATE_HZ) :]


def test_two_at_once_are_told_as_two() -> None:
    """He begins two seconds before she ends: their turns overlap."""
    mixed = np.zeros(len(HER) + len(HIM) - 2 * RATE_HZ, np.float32)
    mixed[: len(HER)] += HER
    mixed[len(HER) - 2 * RATE_HZ :] += HIM
    turns = BASE.whole((np.clip(mixed, -1, 1) * 32767).astype("<i2").tobytes())
    hers, his = ([(a, b) for speaker, a, b in turns if speaker == who] for who in ("1", "2"))
    assert sum(max(0.0, min(b, d) - max(a, c)) for a, b in hers for c, d in his) > 0.5


def test_short_turns_of_several_people_are_told_apart() -> None:
    """Five people say two seconds each."""
    assert [speaker for speaker, *_ in BASE.whole(recording("desk"))] == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("name", ["meeting-ES2003a-0213", "meeting-ES2003a-dialogue", "read-18045098"])
def test_a_turn_is_told_soon_after_its_end(name: str) -> None:
    """Within 2.6 s of sound, where the level shows no pause or only a short one, and without one."""
    waits = BASE.waits(recording(name, "loadtest/speech"))
    assert waits
    assert max(waits) < 2.6


def test_a_voice_is_known_by_what_was_kept_of_it() -> None:
    """A voiceprint that one stream told enrols the voice in the next; one of another version is left out."""
    ada = v1.Enrolment(name="Ada", audio=ONE[: 4 * 2 * RATE_HZ])
    asked = begin(v1.DiarizeConfig(enrolments=[ada], report_voiceprints=True), BASE.spec, SETTINGS)
    (told,) = of(v1.Enrolled, play(asked, BASE.engine, []))
    assert (told.name, told.voiceprint.model) == ("Ada", "voice-base@1")
    known = v1.Enrolment(name="Ada", voiceprint=told.voiceprint)
    assert BASE.whole(TWO, enrolments=[known]) == BASE.whole(TWO, enrolments=[ada])
    known.voiceprint.model = "voice-base@0"
    assert BASE.whole(TWO, enrolments=[known]) == BASE.whole(TWO)


@pytest.mark.parametrize("values", [b"", b"123", bytes(192 * 4), np.ones(8, "<f4").tobytes()])
def test_bytes_that_are_no_voiceprint_are_refused(values: bytes) -> None:
    """They must be as many numbers as the model makes, and not all zero."""
    known = v1.Enrolment(name="Ada", voiceprint=v1.Voiceprint(model="voice-base@1", values=values))
    with pytest.raises(BadInput, match="192"):
        begin(v1.DiarizeConfig(enrolments=[known]), BASE.spec, SETTINGS)


def test_company_does_not_matter() -> None:
    """In a run with others a window and a segment give what they give alone."""
    size = shape_of(BASE.spec).size
    rows, segment = np.stack([floats(TWO)[at : at + size] for at in range(0, 4 * size, size)]), SegmentJob(HER)
    together, active, again = BASE.engine.run([WindowsJob(rows), segment, WindowsJob(rows[:1])])
    alone = np.concatenate([BASE.engine.run([WindowsJob(row[None])])[0] for row in rows])
    assert np.abs(together - alone).max() < 1e-4
    assert np.abs(again - alone[:1]).max() < 1e-4
    assert (active == BASE.engine.run([segment])[0]).all()


def test_openvino_embeds_the_same() -> None:
    """The same file with the other library: embeddings that point the same way, at any length."""
    graph = replace(BASE.spec.graph("embedding"), options={})
    ours, theirs = (backends.tensors(replace(graph, backend=each)).model for each in ("onnx", "openvino"))
    for size in (16_000, 24_000, 48_000):
        rows = HER[None, :size]
        one, other = (each.run({"audio": rows})["embedding"] for each in (ours, theirs))
        assert (one * other).sum() > 0.99
