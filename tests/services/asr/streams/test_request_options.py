"""What a client may ask for, and what a model must know for it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from parley.audio.pcm import RATE_HZ
from parley.errors import BadInput
from parley.v1 import asr_pb2 as v1
from services.asr.stage import AsrServiceConfig, begin
from services.asr.streams.channels import ChannelsSession, OneChannel
from services.asr.streams.session import AT_ONCE
from services.asr.utterance import PendingJob, Recognition, SpokenWord, Utterance
from tests.fakes import spec_of
from tests.services.play import of, play
from tests.sound import noise, pcm, silence

SETTINGS = AsrServiceConfig(listen="", models=())
TALK = pcm(np.concatenate([np.concatenate([noise(8000), silence(1)]) for _ in range(AT_ONCE + 3)]))


def session(options: dict[str, Any], **config: Any) -> OneChannel | ChannelsSession:
    spec = spec_of("asr", features="frames", short_context=True, detector="level", **options)
    return begin(v1.AsrConfig(**config), replace(spec, languages=("en", "de")), SETTINGS)


class Counting:
    """Says how many utterances it has heard, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Sequence[Utterance]] = []
        self._heard = 0

    def run(self, jobs: Sequence[PendingJob]) -> list[list[Recognition]]:
        taken = [job.take() for job in jobs]
        self.asked += taken
        return [[self._number() for _ in utterances] for utterances in taken]

    def _number(self) -> Recognition:
        self._heard += 1
        return Recognition((SpokenWord(f" {self._heard}"),), language="de")


def test_a_file_is_heard_many_at_a_time() -> None:
    """Utterances that wait share a job, up to a limit; their finals come in the order of the sound."""
    engine = Counting()
    said = of(v1.Transcript, play(session({}), engine, [TALK]))
    assert [len(job) for job in engine.asked] == [AT_ONCE, 3]
    assert [each.text for each in said] == [str(n + 1) for n in range(AT_ONCE + 3)]
    starts = [each.interval.start.ToTimedelta() for each in said]
    assert starts == sorted(starts)


def test_the_prompt_leads_into_every_utterance() -> None:
    """A model that reads prompts gets the client's words before each utterance, whatever was said; others get none."""
    for options, before in (
        (
            session({"reads_prompts": True}, phrases=["Parley", "gRPC"], prompt="So far so good."),
            "Parley, gRPC So far so good.",
        ),
        (session({}), ""),
    ):
        engine = Counting()
        play(options, engine, [TALK])
        assert {utterance.before for job in engine.asked for utterance in job} == {before}


@pytest.mark.parametrize(("field", "value"), [("prompt", "So far"), ("phrases", ["Parley"])])
def test_a_model_that_reads_no_prompts_is_given_none(field: str, value: Any) -> None:
    """Words to look out for are refused where they would be ignored."""
    with pytest.raises(BadInput, match=f"was not taught to use `{field}`"):
        session({}, **{field: value})


@pytest.mark.parametrize("reads", [True, False])
def test_mere_hints_are_used_where_they_can_be(reads: bool) -> None:
    """Who says that they are no more than that is never refused for them, and a model that reads none sees none."""
    engine = Counting()
    play(session({"reads_prompts": reads}, prompt="So far", phrases=["Parley"], hints_only=True), engine, [TALK])
    assert engine.asked[0][0].before == ("Parley So far" if reads else "")


@pytest.mark.parametrize(
    ("tag", "told"), [("fr", "it knows en, de."), ("german", "did you mean `de`?"), ("eng", "did you mean `en`?")]
)
def test_a_language_that_the_model_does_not_know_is_refused(tag: str, told: str) -> None:
    """With the right tag where that is plain, else with all that there are; case and underscores do not matter."""
    with pytest.raises(BadInput, match=f"does not know the language '{tag}'; {told.replace('?', '.')}"):
        session({}, language=tag)
    engine = Counting()
    play(session({}, language="DE_AT"), engine, [TALK])
    assert engine.asked[-1][0].language == "de-AT"


def test_the_language_is_the_one_heard() -> None:
    """Where the client names none, a model of several finds out and the final says so."""
    engine = Counting()
    (final, *_) = of(v1.Transcript, play(session({}), engine, [TALK]))
    assert (engine.asked[0][0].language, final.language) == ("", "de")
    play(session({}, language="de-AT"), engine, [TALK])
    assert engine.asked[-1][0].language == "de-AT"


def test_no_utterance_is_longer_than_the_model_hears() -> None:
    """A model's own limit, margins included, is stricter than the service's, and a client cannot go beyond it."""
    engine = Counting()
    play(session({"longest_s": 2.0}), engine, [pcm(noise(10 * RATE_HZ))])
    assert max(len(utterance.samples) for job in engine.asked for utterance in job) <= 2 * RATE_HZ
    with pytest.raises(BadInput, match=r"at most 1\.4 s"):
        session({"longest_s": 2.0}, endpointing={"max_utterance": {"seconds": 2}})
