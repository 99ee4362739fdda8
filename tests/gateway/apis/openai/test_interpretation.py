"""A translation session: its state event by event, and as a socket."""

import base64
from typing import Any

import pytest
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from gateway.apis.openai.interpretation import Interpretation
from parley.errors import FieldInvalid, UnknownModel
from parley.v1.pipeline_pb2 import PipelineResponse
from tests.gateway.conftest import FakeCore, final

PATH = "/v1/realtime/translations?model=gpt-realtime-translate"
INTO_GERMAN = {"type": "session.update", "session": {"audio": {"output": {"language": "de"}}}}
HEARD = {"audio": {"input": {"transcription": {"model": "whisper-1"}}}}
CLOSE = {"type": "session.close"}
APPEND = {"type": "session.input_audio_buffer.append", "audio": base64.b64encode(bytes(4800)).decode()}


def session(*updates: dict[str, Any], **named: str) -> Interpretation:
    found = Interpretation("gpt-realtime-translate", lambda stage, name: named.get(stage, ""))
    for each in (INTO_GERMAN["session"], *updates):
        found.update("session.update", each)
    return found


def translated(text: str, start_ms: int, end_ms: int) -> PipelineResponse:
    answer = PipelineResponse(translation={"text": text, "source_text": text})
    answer.translation.interval.start.FromMilliseconds(start_ms)
    answer.translation.interval.end.FromMilliseconds(end_ms)
    return answer


def guess(text: str, committed: int) -> PipelineResponse:
    return PipelineResponse(transcript={"text": text, "committed_characters": committed})


def told(found: Interpretation, *answers: PipelineResponse) -> list[dict[str, Any]]:
    return [event for answer in answers for event in found.events_of(answer)]


def test_a_session_asks_for_words_and_their_translation() -> None:
    """Guesses at the words only where somebody reads them."""
    config = session(asr="asr/fast", translate="m@1").begin()
    assert [each.target_language for each in config.translate] == ["de"]
    assert dict(config.models) == {"asr": "asr/fast", "translate": "m@1"}
    assert (config.format.sample_rate_hz, config.asr.interim_results) == (24_000, False)
    config = session(HEARD, {"audio": {"input": {"noise_reduction": {"type": "near_field"}}}}).begin()
    assert (config.asr.interim_results, config.HasField("denoise")) == (True, True)


def test_deltas_of_a_translation_are_one_text() -> None:
    """Clients join them as they are; pieces of one text have their own white space."""
    pieces = (translated("Eins. ", 0, 900), translated("Zwei.", 0, 900), translated("Drei.", 1500, 2500))
    events = told(session(), *pieces)
    assert "".join(event["delta"] for event in events) == "Eins. Zwei. Drei."
    assert [event["elapsed_ms"] for event in events] == [800, 800, 2400]
    assert {event["type"] for event in events} == {"session.output_transcript.delta"}


def test_deltas_of_what_was_said_only_append() -> None:
    """What recognition has committed to, then the rest of the final."""
    answers = (guess("one tw", 4), guess("one two", 7), final("one two."), guess("three", 5), final("three"))
    events = told(session(HEARD), *answers)
    assert [event["delta"] for event in events] == ["one ", "two", ".", " three"]
    assert "".join(event["delta"] for event in events) == "one two. three"
    assert told(session(), *answers) == []


def test_times_go_on_where_a_pipeline_ended() -> None:
    """And between its texts and the next one's there is a gap."""
    found = session()
    told(found, translated("Eins.", 0, 900))
    found.hear(bytes(2 * 48_000))
    list(found.over())
    (event,) = told(found, translated("Zwei.", 0, 1000))
    assert (event["delta"], event["elapsed_ms"]) == (" Zwei.", 3000)


def test_a_language_that_is_not_translated_is_told() -> None:
    """It is no loss: the session goes on."""
    notice = {"stage": "translate", "reason": "LANGUAGE_PAIR", "message": "Not from Welsh.", "interval": {}}
    (event,) = told(session(), PipelineResponse(notice=notice))
    assert (event["type"], event["error"]["code"]) == ("error", "language_pair")


@pytest.mark.parametrize(
    ("update", "right"),
    [
        ({"audoi": {}}, "did you mean `audio`?"),
        ({"audio": {"output": {"language": 5}}}, "must be a string"),
        ({"audio": {"output": {"langauge": "de"}}}, "did you mean `language`?"),
        ({"audio": {"input": {"transcription": {"model": 5}}}}, "must be a string"),
        ({"audio": {"input": {"format": {}}}}, "has no `format`"),
    ],
)
def test_a_mistyped_setting_changes_nothing(update: dict[str, Any], right: str) -> None:
    """And its sender knows why."""
    found = session(HEARD)
    before = found.created()["session"]
    with pytest.raises(FieldInvalid, match=right):
        found.update("session.update", update)
    assert found.created()["session"] == before


def test_null_takes_a_setting_away() -> None:
    """What is left out stays."""
    found = session(HEARD, {"audio": {"input": {"noise_reduction": {"type": "far_field"}}}})
    assert found.begin().asr.interim_results
    found.update("session.update", {"audio": {"input": {"transcription": None}}})
    assert (found.begin().asr.interim_results, found.begin().HasField("denoise")) == (False, True)


def rest(socket: WebSocketTestSession) -> tuple[list[dict[str, Any]], int]:
    events: list[dict[str, Any]] = []
    try:
        while True:
            events.append(socket.receive_json())
    except WebSocketDisconnect as closed:
        return events, closed.code


def test_a_session_from_its_first_event_to_its_last(client: TestClient, core: FakeCore) -> None:
    """What is owed comes before session.closed, and the close after it."""
    core.answers = [translated("Hallo.", 0, 1000)]
    with client.websocket_connect(PATH) as socket:
        for each in (INTO_GERMAN, APPEND, CLOSE):
            socket.send_json(each)
        events, code = rest(socket)
    kinds = ["session.created", "session.updated", "session.output_transcript.delta", "session.closed"]
    assert [event["type"] for event in events] == kinds
    assert events[1]["session"]["audio"]["output"]["language"] == "de"
    assert events[0]["session"]["model"] == "gpt-realtime-translate"
    assert code == 1000
    assert core.open == core.admission.open == 0


def test_a_session_that_is_closed_at_once_is_closed(client: TestClient, core: FakeCore) -> None:
    """No pipeline was begun."""
    with client.websocket_connect(PATH) as socket:
        socket.send_json(CLOSE)
        events, code = rest(socket)
    assert ([event["type"] for event in events], code) == (["session.created", "session.closed"], 1000)
    assert not core.asked


def test_sound_before_a_language_is_told(client: TestClient, core: FakeCore) -> None:
    """And ends nothing."""
    with client.websocket_connect(PATH) as socket:
        socket.send_json(APPEND | {"event_id": "mine"})
        socket.send_json(CLOSE)
        (_, error, closed), _ = rest(socket)
    assert (error["error"]["param"], error["error"]["event_id"]) == ("audio.output.language", "mine")
    assert closed["type"] == "session.closed"


@pytest.mark.parametrize("stage", ["asr", "translate"])
def test_a_lost_stage_ends_the_session(client: TestClient, core: FakeCore, stage: str) -> None:
    """There is no notice in this API, and a session must not go quiet."""
    core.answers = [PipelineResponse(notice={"stage": stage, "reason": "UNAVAILABLE", "message": "No more."})]
    with client.websocket_connect(PATH) as socket:
        for each in (INTO_GERMAN, APPEND, CLOSE):
            socket.send_json(each)
        events, code = rest(socket)
    assert (events[-1]["error"]["message"], code) == ("No more.", 1013)


def test_a_made_up_model_is_refused(client: TestClient, core: FakeCore) -> None:
    """Before anybody speaks."""
    with client.websocket_connect("/v1/realtime/translations?model=wisper-1") as socket:
        events, code = rest(socket)
    assert ([event["error"]["code"] for event in events], code) == (["model_not_found"], 1008)
    with pytest.raises(UnknownModel):
        Interpretation("wisper-1", core.named).check()
