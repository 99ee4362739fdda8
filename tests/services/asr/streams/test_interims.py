from collections.abc import Sequence
from itertools import pairwise

import pytest

from parley.audio.pcm import RATE_HZ
from parley.v1 import asr_pb2 as v1
from services.asr.utterance import PendingJob, Recognition, SpokenWord
from tests.services.asr.streams.test_session import ENGINE, seconds, session
from tests.services.play import of, play
from tests.sound import noise, pcm


def test_interims_come_and_grow() -> None:
    """While somebody speaks there are interims, none before there is enough new, and the last word is the final's."""
    pieces = [pcm(noise(1600, seed=n)) for n in range(40)]
    said = of(v1.Transcript, play(session(interim_results=True), ENGINE, pieces))
    interims = [each for each in said if not each.is_final]
    assert [each.is_final for each in said] == [False] * len(interims) + [True]
    assert len(interims) == 8
    assert all(each.committed_characters <= len(each.text) for each in said)
    committed = [each.text[: each.committed_characters] for each in interims]
    assert all(after.startswith(before) for before, after in pairwise(committed))
    assert said[-1].committed_characters == len(said[-1].text)


class Scribbler:
    """Never says the same twice, so that nothing is ever promised."""

    def __init__(self) -> None:
        self.times = 0

    def run(self, jobs: Sequence[PendingJob]) -> list[list[Recognition]]:
        self.times += 1
        return [[Recognition((SpokenWord(f" {self.times}"),)) for _ in job.take()] for job in jobs]


def test_long_breaths_are_guessed_at_less_often() -> None:
    """Where nothing is promised all is heard again: half a second more is news after two seconds, not after twenty."""
    pieces = [pcm(noise(1600, seed=n)) for n in range(240)]
    said = of(v1.Transcript, play(session(interim_results=True), Scribbler(), pieces))
    ends = [seconds(each)[1] for each in said if not each.is_final]
    assert ends[1] - ends[0] == pytest.approx(0.5)
    assert ends[-1] - ends[-2] == pytest.approx(ends[-2] / 10, abs=0.3)


def test_an_interim_costs_what_is_new() -> None:
    """In a breath of twenty seconds no interim hears more than a few; each says everything, every half second."""
    heard, longest, said = session(interim_results=True), 0, list[v1.Transcript]()
    for n in range(200):
        list(heard.feed(pcm(noise(1600, seed=n))))
        while job := heard.next_job():
            (utterance,) = job.take()
            longest = max(longest, len(utterance.samples))
            said += of(v1.Transcript, heard.absorb(ENGINE.run([job])[0]))
    assert longest <= 5.5 * RATE_HZ
    assert len(said) == 40
    assert all(abs(len(each.text.split()) - 2 * seconds(each)[1]) <= 2 for each in said)
