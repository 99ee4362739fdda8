"""OpenAI's types of Realtime translation against real processes."""

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


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def told(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder: Path = tmp_path_factory.mktemp("talk")
    sound = np.concatenate((tone(440, 1.5), silence(1.0), tone(330, 1.0), silence(1.0)))
    resampled = Resampler(RATE_HZ, 24_000).feed(sound, last=True)
    (folder / "talk.pcm").write_bytes(encode(resampled, AudioEncoding.AUDIO_ENCODING_PCM_S16LE))
    events: list[dict[str, Any]] = (await spoken_to("openai_translations", cluster.http, str(folder)))["events"]
    return events


def _text(events: list[dict[str, Any]], kind: str) -> str:
    return "".join(event["delta"] for event in events if event["type"] == f"session.{kind}_transcript.delta")


def test_every_event_is_one_that_the_package_knows(told: list[dict[str, Any]]) -> None:
    """From the first to the last, strictly."""
    assert [told[0]["class"], told[-1]["class"]] == [
        "RealtimeTranslationSessionCreatedEvent",
        "RealtimeTranslationSessionClosedEvent",
    ]
    assert not any(event["type"] == "error" for event in told)


def test_both_texts_are_whole(told: list[dict[str, Any]]) -> None:
    """The echo says every word again in its own way."""
    said, translated = _text(told, "input"), _text(told, "output")
    assert len(said.split()) >= 6
    assert len(translated.split()) == len(said.split())
