"""OpenAI's own Python package against real processes; it changes nothing but its base URL."""

from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.cluster import Cluster
from tests.e2e.foreign import spoken_to
from tests.gateway.conftest import tone

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two and a half seconds of a tone."""
    file = tmp_path_factory.mktemp("talk") / "talk.wav"
    file.write_bytes(tone(2.5))
    return file


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def told(cluster: Cluster, talk: Path) -> dict[str, Any]:
    return await spoken_to("openai_rest", f"http://{cluster.http}/v1", str(talk))


def test_every_shape_says_the_same_words(told: dict[str, Any]) -> None:
    """Five words of the echo, in each of the shapes that the package knows."""
    words = told["json"]
    assert len(words.split()) == 5
    assert told["text"] == words + "\n"
    assert all(words in told[shape] for shape in ("srt", "vtt"))
    assert told["verbose"]["text"] == told["diarized"]["text"] == told["english"] == words


def test_verbose_json_is_the_packages_own_class(told: dict[str, Any]) -> None:
    """Segments and words, both with times inside the recording."""
    verbose = told["verbose"]
    assert verbose["class"] == "TranscriptionVerbose"
    assert [word["word"] for word in verbose["words"]] == verbose["text"].split()
    for piece in (*verbose["words"], *verbose["segments"]):
        assert 0 <= piece["start"] < piece["end"] <= verbose["duration"] == 2.5


def test_diarized_json_names_speakers(told: dict[str, Any]) -> None:
    """One tone is one speaker, and the first is A."""
    assert told["diarized"]["class"] == "TranscriptionDiarized"
    assert [segment["speaker"] for segment in told["diarized"]["segments"]] == ["A"]


def test_a_stream_is_deltas_and_one_done(told: dict[str, Any]) -> None:
    """The package ends its iteration after the only `done`."""
    *deltas, done = told["events"]
    assert {event["type"] for event in deltas} == {"transcript.text.delta"}
    assert done == {"type": "transcript.text.done", "text": told["json"]}
    assert "".join(event["delta"] for event in deltas) == told["json"]
    assert told["again"] == told["events"]


def test_models_and_refusals_are_the_packages_own(told: dict[str, Any]) -> None:
    """An unknown model and a file that is no recording raise what OpenAI's would."""
    assert {"asr/default", "echo@1"} <= set(told["models"])
    unknown, undecodable = told["refusals"]
    assert (unknown["class"], unknown["code"]) == ("NotFoundError", "model_not_found")
    assert (undecodable["class"], undecodable["code"]) == ("BadRequestError", "undecodable_media")
