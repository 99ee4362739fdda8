"""What a pipeline says, as Deepgram's messages."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.apis.deepgram import requests
from gateway.apis.deepgram.results import LiveResults
from gateway.http.fields import Fields
from parley.v1.audio_pb2 import AudioFormat
from parley.v1.pipeline_pb2 import PipelineResponse
from tests.gateway.conftest import final

RAW = {"encoding": "linear16", "sample_rate": "16000"}
SECOND = bytes(32_000)


def results(**query: Any) -> LiveResults:
    wanted = requests.live(Fields({**RAW, "vad_events": "true", **query}), str)
    live = LiveResults(wanted, "id")
    live.begin(wanted.form or AudioFormat())
    return live


def at(kind: str, seconds: float, track: str = "") -> PipelineResponse:
    answer = PipelineResponse()
    event = getattr(answer, kind)
    event.at.FromMilliseconds(round(seconds * 1000))
    event.track = track
    return answer


def guess(text: str, start: float, end: float) -> PipelineResponse:
    answer = final(text, round(start * 1000), round(end * 1000))
    answer.transcript.is_final = False
    return answer


def said(text: str, start: float, end: float, track: str = "") -> PipelineResponse:
    answer = final(text, round(start * 1000), round(end * 1000), tuple(text.split()))
    answer.transcript.track = track
    return answer


def told(live: LiveResults, *answers: PipelineResponse) -> list[dict[str, Any]]:
    return [message for answer in answers for message in live.events_of(answer)]


def heard(live: LiveResults, seconds: float) -> list[dict[str, Any]]:
    return list(live.hear(SECOND[: round(32_000 * (seconds % 1))] + SECOND * int(seconds)))


def texts(messages: Iterable[dict[str, Any]]) -> list[str]:
    return [each["channel"]["alternatives"][0]["transcript"] for each in messages if each["type"] == "Results"]


def one(start: float, end: float, text: str = "Alfa.") -> list[PipelineResponse]:
    """An utterance, as asr tells it."""
    answers = [at("speech_started", start), at("speech_ended", end - 0.2)]
    return [*answers, *([said(text, start, end)] if text else []), at("answered", end)]


def test_an_utterance() -> None:
    """It begins, is guessed at, and ends in a final that marks the endpoint."""
    live = results(interim_results="true", punctuate="true")
    started, interim, last = told(live, at("speech_started", 1.0), guess("Al", 0.6, 1.5), *one(1.0, 2.0)[1:])
    assert started == {"type": "SpeechStarted", "channel": [0, 1], "timestamp": 1.0}
    assert (interim["is_final"], interim["speech_final"], interim["start"], interim["duration"]) == (
        False,
        False,
        0,
        1.5,
    )
    assert (last["is_final"], last["speech_final"], last["start"], last["duration"]) == (True, True, 0, 2.0)
    assert last["from_finalize"] is False
    (word,) = last["channel"]["alternatives"][0]["words"]
    assert word == {"word": "alfa", "start": 1.0, "end": 2.0, "confidence": 0.0, "punctuated_word": "Alfa."}


def test_words_alone_where_nobody_asks_for_punctuation() -> None:
    """As Deepgram writes them."""
    assert texts(told(results(), said("Hello, World \u2013 it's 3 p.m.!", 0, 1))) == ["hello world \u2013 it's 3 p.m"]


def test_an_utterance_without_words_ends_too() -> None:
    """Who was told that somebody speaks is told that they do not any more."""
    _, last = told(results(), *one(1.0, 2.0, ""))
    assert (last["is_final"], last["speech_final"], texts([last])) == (True, True, [""])


def test_without_endpointing_no_final_is_an_end() -> None:
    """The client looks for ends itself."""
    assert [each["speech_final"] for each in told(results(endpointing="false", vad_events="false"), *one(0, 1))] == [
        False
    ]


def test_a_finalize_is_answered_with_what_there_is() -> None:
    """One message has the words and says so, and the range goes up to the Finalize."""
    live = results()
    heard(live, 3.0)
    assert list(live.finalize(runs=True)) == []
    _, answer = told(live, *one(1.0, 2.5), at("answered", 3.0))
    assert (answer["from_finalize"], texts([answer])) == (True, ["alfa"])
    assert answer["start"] + answer["duration"] == 3.0


def test_of_two_finals_before_a_finalize_the_second_says_so() -> None:
    """It is the last."""
    live = results(vad_events="false")
    heard(live, 5.0)
    list(live.finalize(runs=True))
    finals = told(live, *one(0.5, 1.5, "alfa"), *one(3.0, 4.0, "bravo"), at("answered", 5.0))
    assert [(texts([each])[0], each["from_finalize"]) for each in finals] == [("alfa", False), ("bravo", True)]


def test_a_finalize_of_nothing_is_answered() -> None:
    """At once where no sound was heard since, else when it is known that nothing was said."""
    live = results()
    (idle,) = live.finalize(runs=False)
    assert (idle["from_finalize"], texts([idle])) == (True, [""])
    heard(live, 2.0)
    assert list(live.finalize(runs=True)) == []
    (answer,) = told(live, at("answered", 1.98))  # a resampler keeps a little back
    assert (answer["from_finalize"], answer["start"], answer["duration"]) == (True, 0.0, 2.0)
    (again,) = live.finalize(runs=True)
    assert (again["from_finalize"], again["duration"]) == (True, 0.0)


def test_two_finalizes_have_two_answers() -> None:
    """Also where the second comes before the first is answered."""
    live = results()
    heard(live, 1.0)
    assert [*live.finalize(runs=True), *live.finalize(runs=True)] == []
    assert [each["from_finalize"] for each in told(live, at("answered", 1.0))] == [True, True]


def test_a_finalize_is_answered_where_the_pipeline_ends() -> None:
    """The close comes before the answer."""
    live = results()
    heard(live, 1.0)
    list(live.finalize(runs=True))
    told(live, said("alfa", 0, 1))
    assert [(each["from_finalize"], texts([each])) for each in live.over()] == [(True, ["alfa"])]


def test_another_pipeline_goes_on_where_the_last_one_ended() -> None:
    """In the stream's time."""
    live = results()
    heard(live, 4.0)
    list(live.over())
    started, last = told(live, *one(1.0, 2.0))
    assert started["timestamp"] == 5.0
    assert last["start"] + last["duration"] == 6.0


@pytest.mark.parametrize(("begins", "ends"), [(2.9, False), (3.5, True)])
def test_an_utterance_end_needs_silence(begins: float, ends: bool) -> None:
    """From the last word to the next one's start, where that is known before."""
    live = results(utterance_end_ms="1000")
    heard(live, 9.0)
    answers = told(live, at("speech_started", 1.0), at("speech_ended", 1.8), at("speech_started", begins))
    answers += told(live, said("alfa", 1.0, 2.0))
    last = [each for each in answers if each["type"] == "UtteranceEnd"]
    assert last == ([{"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": 2.0}] if ends else [])


def test_an_utterance_end_comes_with_the_sound_and_once() -> None:
    """Time is the stream's: nobody looks at a clock."""
    live = results(utterance_end_ms="1500")
    heard(live, 2.0)
    told(live, *one(1.0, 2.0))
    assert heard(live, 1.6) == []
    assert [each["type"] for each in heard(live, 0.2)] == ["UtteranceEnd"]
    assert heard(live, 3.0) == []


def test_speakers_are_numbered_as_they_come() -> None:
    """Another pipeline numbers its own anew: nobody is taken for somebody else."""
    live = results(diarize="true", vad_events="false")
    answer = said("alfa bravo", 0, 1)
    answer.transcript.words[0].speaker, answer.transcript.words[1].speaker = "7", "2"

    def speakers() -> list[int]:
        return [word["speaker"] for word in told(live, answer)[0]["channel"]["alternatives"][0]["words"]]

    assert speakers() == speakers() == [0, 1]
    list(live.over())
    assert speakers() == [2, 3]


def test_channels_are_told_apart() -> None:
    """Each has its own ranges."""
    live = results(channels="2", multichannel="true")
    finals = told(live, said("alfa", 0, 1, "1"), said("bravo", 0, 3, "2"), said("charlie", 1, 2, "1"))
    assert [(each["channel_index"], each["start"]) for each in finals] == [([0, 2], 0), ([1, 2], 0), ([0, 2], 1.0)]


@given(st.lists(st.tuples(st.floats(0.1, 3), st.booleans(), st.sampled_from(["", "alfa"])), max_size=8))
def test_ranges_never_overlap_and_leave_no_gap(parts: list[tuple[float, bool, str]]) -> None:
    """Whatever is said, and wherever a Finalize comes."""
    live, now, messages = results(), 0.0, []
    for length, flushed, text in parts:
        messages += heard(live, length)
        now += length
        if flushed:
            messages += live.finalize(runs=True)
        messages += told(live, *one(max(0.0, now - length / 2), now, text), *([at("answered", now)] * flushed))
    messages += live.over()
    finals = [each for each in messages if each["type"] == "Results" and each["is_final"]]
    assert sum(each["from_finalize"] for each in finals) >= sum(flushed for _, flushed, _ in parts)
    for before, after in pairwise(finals):
        assert before["start"] + before["duration"] == pytest.approx(after["start"], abs=1e-4)
