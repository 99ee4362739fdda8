"""The conversation's state, event by event; no socket and no pipeline."""

from itertools import count
from typing import Any

import pytest

from gateway.apis.openai.conversation import Conversation, NothingToCommit
from gateway.apis.openai.settings import Settings
from parley.errors import Unavailable
from parley.v1.pipeline_pb2 import PipelineResponse
from tests.gateway.conftest import final

BY_HAND = {"audio": {"input": {"turn_detection": None}}}
SECOND = bytes(48_000)


class Talk:
    """A conversation, and what it said: (type without its family, item, what else matters)."""

    def __init__(self, session: dict[str, Any] | None = None) -> None:
        numbers = count()
        self.conversation = Conversation(Settings(), unique=lambda: str(next(numbers)))
        if session:
            self.conversation.update("session.update", session)
        self.conversation.begin()

    def hear(self, *answers: PipelineResponse) -> list[dict[str, Any]]:
        return [event for answer in answers for event in self.conversation.events_of(answer)]


def _mark(kind: str, at_ms: int) -> PipelineResponse:
    answer = PipelineResponse()
    getattr(answer, kind).at.FromMilliseconds(at_ms)
    return answer


def _interim(text: str, committed: int) -> PipelineResponse:
    return PipelineResponse(transcript={"text": text, "committed_characters": committed})


def _kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"].rpartition(".")[2] for event in events]


def test_deltas_are_what_is_committed_and_never_taken_back() -> None:
    """A guess that changes is no delta; what the final adds is one; what it says otherwise is in `completed` alone."""
    talk = Talk()
    talk.hear(_mark("speech_started", 0))
    events = talk.hear(_interim("alfa brave", 4), _interim("alfa bravo", 4), _interim("alfa bravo charlie", 10))
    assert [event["delta"] for event in events] == ["alfa", " bravo"]
    events = talk.hear(_mark("speech_ended", 900), final("alfa bravo delta"))
    assert _kinds(events) == ["speech_stopped", "committed", "added", "done", "delta", "completed"]
    assert (events[-2]["delta"], events[-1]["transcript"]) == (" delta", "alfa bravo delta")
    talk.hear(_mark("speech_started", 2000), _interim("echo", 4))
    events = talk.hear(_mark("speech_ended", 2900), final("Echo!", 1900, 3000))
    assert _kinds(events)[-2:] == ["done", "completed"]
    assert events[-1]["transcript"] == "Echo!"


def test_a_final_that_comes_late_belongs_to_its_own_turn() -> None:
    """The next person may have begun to speak by then."""
    talk = Talk()
    first, *_, second = talk.hear(_mark("speech_started", 0), _mark("speech_ended", 900), _mark("speech_started", 1500))
    events = talk.hear(final("alfa", 0, 1000), _mark("speech_ended", 2000), final("bravo", 1400, 2100))
    done = [(event["item_id"], event["transcript"]) for event in events if event["type"].endswith("completed")]
    assert done == [(first["item_id"], "alfa"), (second["item_id"], "bravo")]


def test_a_turn_without_words_is_completed_all_the_same() -> None:
    """A cough has no final; the next final, or the end, tells that."""
    talk = Talk()
    for start_ms in (0, 2000, 4000):
        talk.hear(_mark("speech_started", start_ms), _mark("speech_ended", start_ms + 500))
    events = [*talk.hear(final("alfa", 1900, 2600)), *talk.conversation.over()]
    assert [event["transcript"] for event in events if event["type"].endswith("completed")] == ["", "alfa", ""]


def test_words_that_nobody_announced_are_a_turn_too() -> None:
    """No word is lost for want of a mark."""
    events = Talk().hear(final("alfa"))
    assert _kinds(events) == ["committed", "added", "done", "delta", "completed"]
    assert events[-1]["transcript"] == "alfa"


def test_times_go_on_from_pipeline_to_pipeline() -> None:
    """Each begins at zero; the session does not."""
    talk = Talk()
    talk.conversation.hear(SECOND)
    assert list(talk.conversation.over()) == []
    talk.conversation.begin()
    (event,) = talk.hear(_mark("speech_started", 250))
    assert event["audio_start_ms"] == 1250


def test_by_hand_a_turn_is_everything_until_the_commit() -> None:
    """Committed at once, then words, then completed with all of them."""
    talk = Talk(BY_HAND)
    talk.conversation.hear(SECOND)
    assert talk.hear(_mark("speech_started", 0), final("alfa")) == []
    events = [*talk.conversation.commit(), *talk.hear(final("bravo")), *talk.conversation.over()]
    assert _kinds(events) == ["committed", "added", "done", "delta", "completed"]
    assert (events[-2]["delta"], events[-1]["transcript"]) == ("alfa bravo", "alfa bravo")
    assert events[-1]["usage"] == {"type": "duration", "seconds": 1}


def test_new_settings_in_mid_turn_lose_no_word() -> None:
    """What was said before the update is in the turn that is committed after it."""
    talk = Talk(BY_HAND)
    talk.conversation.hear(SECOND)
    talk.hear(final("alfa"))
    assert list(talk.conversation.over()) == []
    talk.conversation.begin()
    talk.hear(final("bravo"))
    events = [*talk.conversation.commit(), *talk.conversation.over()]
    assert events[-1]["transcript"] == "alfa bravo"


def test_a_commit_of_silence_is_a_turn_without_words() -> None:
    """Whoever commits is answered, with turn detection too; a turn that ended by then is answer enough."""
    talk = Talk()
    talk.conversation.hear(SECOND)
    assert list(talk.conversation.commit()) == []
    assert _kinds(list(talk.conversation.over())) == ["committed", "added", "done", "completed"]
    talk.conversation.hear(SECOND)
    list(talk.conversation.commit())
    talk.hear(_mark("speech_started", 0), _mark("speech_ended", 900), final("alfa"))
    assert list(talk.conversation.over()) == []


def test_a_commit_of_nothing_is_refused() -> None:
    """Before any audio, and a second time."""
    talk = Talk()
    with pytest.raises(NothingToCommit):
        list(talk.conversation.commit())
    talk.conversation.hear(SECOND)
    list(talk.conversation.commit())
    with pytest.raises(NothingToCommit):
        list(talk.conversation.commit())


@pytest.mark.parametrize("session", [None, BY_HAND])
def test_what_was_cleared_was_never_said(session: dict[str, Any] | None) -> None:
    """A committed turn is still completed, an open one is forgotten, and so is what its pipeline says of it later."""
    talk = Talk(session)
    talk.conversation.hear(SECOND)
    talk.hear(_mark("speech_started", 0))
    assert talk.conversation.clear()["type"] == "input_audio_buffer.cleared"
    assert talk.hear(_interim("alfa", 4), _mark("speech_ended", 900), final("alfa")) == []
    assert list(talk.conversation.over()) == []


def test_what_fails_is_told_for_every_open_turn() -> None:
    """Nobody waits for a transcript that cannot come."""
    talk = Talk()
    (began,) = talk.hear(_mark("speech_started", 0))
    (failed,) = talk.conversation.failed(Unavailable("gone"))
    assert (failed["item_id"], failed["error"]["message"]) == (began["item_id"], "gone")
    assert failed["type"].endswith("transcription.failed")
