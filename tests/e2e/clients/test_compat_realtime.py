"""The Realtime client of OpenAI's own package against real processes; it changes nothing but its base URL."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from parley.audio.pcm import RATE_HZ, Resampler, encode
from parley.v1.audio_pb2 import AudioEncoding
from tests.e2e.cluster import Cluster
from tests.e2e.foreign import spoken_to
from tests.sound import silence, tone

pytestmark = pytest.mark.timeout(180)
TRANSCRIPTION = "conversation.item.input_audio_transcription"
KINDS = {
    "pcm": (24_000, AudioEncoding.AUDIO_ENCODING_PCM_S16LE),
    "pcmu": (8_000, AudioEncoding.AUDIO_ENCODING_MULAW),
    "pcma": (8_000, AudioEncoding.AUDIO_ENCODING_ALAW),
}


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two tones with a second between them, and a second after them."""
    sound = np.concatenate((tone(440, 1.5), silence(1.0), tone(330, 1.0), silence(1.0)))
    folder = tmp_path_factory.mktemp("talk")
    for kind, (rate_hz, encoding) in KINDS.items():
        resampled = Resampler(RATE_HZ, rate_hz).feed(sound, last=True)
        (folder / f"talk.{kind}").write_bytes(encode(resampled, encoding))
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def told(cluster: Cluster, talk: Path) -> dict[str, Any]:
    return await spoken_to("openai_realtime", f"http://{cluster.http}/v1", str(talk))


def _of(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [event for event in events if event["type"] == kind]


def _texts(events: list[dict[str, Any]]) -> list[str]:
    return [event["transcript"] for event in _of(events, f"{TRANSCRIPTION}.completed")]


@pytest.mark.parametrize("way", ["patient", "hasty", "pcmu", "pcma", "beta"])
def test_two_tones_are_two_turns(told: dict[str, Any], way: str) -> None:
    """Each begins, stops, is committed and completed under one name, in this order; the second follows the first."""
    events, names = told[way], []
    for began in _of(events, "input_audio_buffer.speech_started"):
        own = [event["type"] for event in events if event.get("item_id") == began["item_id"]]
        marks = [kind.rpartition(".")[2] for kind in own if not kind.endswith(".delta")]
        assert marks == ["speech_started", "speech_stopped", "committed", "completed"]
        names.append(began["item_id"])
    committed = _of(events, "input_audio_buffer.committed")
    assert [event["item_id"] for event in committed] == names
    assert [event.get("previous_item_id") for event in committed] == [None, names[0]]
    # A-law knows no silence: what is heard of the room before the second tone is a word as well.
    assert [len(text.split()) for text in _texts(events)] == ([4, 4] if way == "pcma" else [4, 3])


@pytest.mark.parametrize("way", ["patient", "hasty", "pcmu", "pcma", "beta", "by_hand"])
def test_deltas_only_append(told: dict[str, Any], way: str) -> None:
    """What a client has put together from deltas is the beginning of the completed text."""
    for done in _of(told[way], f"{TRANSCRIPTION}.completed"):
        deltas = [event for event in _of(told[way], f"{TRANSCRIPTION}.delta") if event["item_id"] == done["item_id"]]
        assert deltas
        assert done["transcript"].startswith("".join(event["delta"] for event in deltas))


def test_times_are_the_sessions(told: dict[str, Any]) -> None:
    """The tones lie at 0 to 1.5 and 2.5 to 3.5 seconds, at every rate."""
    for way in ("patient", "pcmu"):
        starts = [event["audio_start_ms"] for event in _of(told[way], "input_audio_buffer.speech_started")]
        ends = [event["audio_end_ms"] for event in _of(told[way], "input_audio_buffer.speech_stopped")]
        assert starts == pytest.approx([0, 2500], abs=60)
        assert ends == pytest.approx([1500, 3500], abs=60)


def test_a_session_is_created_and_updated_without_a_model(told: dict[str, Any]) -> None:
    """Who waits for session.created gets it first, and sees in session.updated what it asked for."""
    created, updated = told["patient"][0], _of(told["patient"], "session.updated")[0]
    assert (created["type"], created["session"]["type"]) == ("session.created", "transcription")
    assert updated["session"]["audio"]["input"]["transcription"]["model"] == "gpt-4o-transcribe"
    assert updated["session"]["audio"]["input"]["turn_detection"]["silence_duration_ms"] == 350


def test_the_older_shape_is_answered_in_it(told: dict[str, Any]) -> None:
    """Neither side has to know the newer names."""
    kinds = [event["type"] for event in told["beta"]]
    assert kinds[:2] == ["transcription_session.created", "transcription_session.updated"]
    assert "conversation.item.created" in kinds
    assert "conversation.item.added" not in kinds


def test_a_turn_by_hand_is_all_that_lies_before_the_commit(told: dict[str, Any]) -> None:
    """Both tones in one turn, and nobody is told of speech."""
    (text,) = _texts(told["by_hand"])
    assert len(text.split()) >= 7
    assert not _of(told["by_hand"], "input_audio_buffer.speech_started")


def test_a_commit_of_nothing_is_an_error_that_ends_nothing(told: dict[str, Any]) -> None:
    """The same connection was used for a turn afterwards."""
    assert told["empty"][-1]["error"]["code"] == "input_audio_buffer_commit_empty"
