"""What ends a stream of Twilio's: a close with a code and a reason, for Twilio takes no messages but sound."""

import pytest
from starlette.testclient import TestClient

from parley.errors import CircuitOpen, TooManyStreams
from parley.v1.pipeline_pb2 import PipelineResponse
from tests.gateway.apis.twilio.phone import CONNECTED, STOP, Phone, called, media, overheard, start
from tests.gateway.apis.twilio.test_messages import frame
from tests.gateway.conftest import FakeCore


@pytest.mark.parametrize(
    ("sent", "code", "reason"),
    [
        ([media(0)], 1008, "CONFIG_EXPECTED"),
        ([CONNECTED, CONNECTED], 1008, "CONFIG_EXPECTED"),
        ([start(), start()], 1008, "CONFIG_REPEATED"),
        ([start(), b"\xff" * 160], 1008, "INVALID_ARGUMENT"),
        ([start(), "hello"], 1008, "INVALID_ARGUMENT"),
        ([start(), frame("media", track="inbound", payload="hello!")], 1008, "FIELD_INVALID"),
        ([start(), " " * 70_000], 1009, "CHUNK_TOO_LARGE"),
        ([start(interim_results="perhaps")], 1008, "FIELD_INVALID"),
        ([start(model="wisper-1")], 1008, "MODEL_NOT_FOUND"),
        ([start(webhook="https://example.com")], 1008, "FIELD_INVALID"),
    ],
)
def test_what_makes_no_sense_ends_the_stream_with_a_reason(
    phone: Phone, core: FakeCore, sent: list[str | bytes], code: int, reason: str
) -> None:
    """Twilio takes no messages but sound: the close says it."""
    assert called(phone, *sent)[0] == code
    found, text = called(phone, *sent)
    assert (found, text.partition(":")[0]) == (code, reason)
    assert len(text.encode()) <= 123
    assert core.open == 0


@pytest.mark.parametrize("lost", [True, False])
def test_a_lost_recogniser_ends_the_call(phone: Phone, core: FakeCore, lost: bool) -> None:
    """It must not go quiet; whoever listens hears why."""
    notice = {"stage": "asr", "reason": "UNAVAILABLE", "message": "No more words."}
    core.answers = [PipelineResponse(notice=notice)] if lost else []
    core.error = None if lost else CircuitOpen("No more words.")
    assert called(phone, start(), media(0), STOP)[0] == 1013
    events = overheard(phone, start(), media(0), STOP)
    assert (events[-1]["type"], events[-1]["message"]) == ("call_ended", "No more words.")
    assert core.open == 0


def test_a_full_gateway_says_so(phone: Phone, core: FakeCore) -> None:
    """With the code that means: come back."""
    core.error = TooManyStreams("9 streams are open.", retry_s=1.0)
    assert called(phone, start(), media(0), STOP) == (1013, "STREAMS_FULL: 9 streams are open.")


def test_who_says_nothing_is_sent_away(hasty: TestClient) -> None:
    """Before the start and after it."""
    for sent in ([], [CONNECTED], [start()]):
        code, reason = called(hasty, *sent)
        assert (code, reason.partition(":")[0]) == (1008, "STREAM_IDLE")
