"""NVIDIA's own Riva client against real processes; it changes nothing but its address."""

import wave
from pathlib import Path
from typing import Any

import av
import pytest
import pytest_asyncio

from gateway.pipeline.channels import together
from parley.audio import media
from tests.e2e.cluster import Cluster
from tests.e2e.foreign import spoken_to
from tests.gateway.conftest import tone

pytestmark = pytest.mark.timeout(180)
IDLE_S = 2.0  # longer than any pause that the rest of a test has; 42 s were tried by hand
RATE_HZ = 8000


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tone, a third of a second of silence, a tone: one utterance, unless somebody is impatient."""
    sound, pause = media.read(tone(1.0, RATE_HZ), 10).data, bytes(2 * RATE_HZ // 3 // 2 * 2)
    file = tmp_path_factory.mktemp("talk") / "talk.wav"
    file.write_bytes(media.wav(sound + pause + sound, RATE_HZ))
    file.with_suffix(".flac").write_bytes(media.flac(sound + pause + sound, RATE_HZ))
    quiet = bytes(len(sound + pause))
    _write_call(file.with_name("call.wav"), together([sound + pause + sound, quiet + sound], 2))
    return file


def _write_call(file: Path, both: bytes) -> None:
    """As WAV and FLAC."""
    with wave.open(str(file), "wb") as out:
        out.setparams((2, 2, RATE_HZ, 0, "NONE", ""))
        out.writeframes(both)
    with av.open(str(file)) as source, av.open(str(file.with_suffix(".flac")), "w") as target:
        stream = target.add_stream("flac", rate=RATE_HZ, layout="stereo")
        for frame in [*source.decode(audio=0), None]:
            target.mux(stream.encode(frame))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def told(cluster: Cluster, talk: Path) -> dict[str, Any]:
    return await spoken_to("riva_client", cluster.grpc, str(talk), str(IDLE_S))


def _finals(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [result["alternatives"][0] for result in results if result.get("is_final")]


def _text(results: list[dict[str, Any]]) -> str:
    return "".join(each["transcript"] for each in _finals(results))


def test_a_wav_with_its_header_is_heard_as_it_is(told: dict[str, Any]) -> None:
    """Encoding and rate unset, whole or in chunks, or bare samples with both said: the words are the same."""
    (offline,), (raw,) = told["offline"]["results"], told["raw"]["results"]
    words = offline["alternatives"][0]["transcript"]
    assert len(words.split()) == 5
    assert words.endswith(" ")
    assert raw["alternatives"][0]["transcript"] == _text(told["live"]) == words
    assert _text(told["flac"]) == words


def test_a_rivas_model_name_means_ours(told: dict[str, Any]) -> None:
    """A long name that only NVIDIA knows was asked for, and words came."""
    assert _finals(told["live"])


def test_words_have_times_in_milliseconds(told: dict[str, Any]) -> None:
    """In order, and inside the recording."""
    (final,) = _finals(told["live"])
    assert [word["word"] for word in final["words"]] == final["transcript"].split()
    edges = [edge for word in final["words"] for edge in (word.get("start_time", 0), word["end_time"])]
    assert edges == sorted(edges)
    assert 2000 < edges[-1] <= 2334


def test_an_impatient_client_gets_two_finals(told: dict[str, Any]) -> None:
    """A stop_history of 200 ms ends an utterance in the pause, where our own half second does not."""
    assert len(_finals(told["live"])) == 1
    assert len(_finals(told["endpointed"])) == 2


def test_diarization_tags_every_word(told: dict[str, Any]) -> None:
    """One tone is speaker 1."""
    assert {word["speaker_tag"] for final in _finals(told["speakers"]) for word in final["words"]} == {1}


def test_a_channel_of_its_own_says_what_it_says_alone(told: dict[str, Any]) -> None:
    """The first is the talk, tag 1; the second speaks only at its end, tag 2; streamed or whole."""
    for results in (told["call"], [each | {"is_final": True} for each in told["call_offline"]["results"]]):
        first, second = ([each for each in results if each["channel_tag"] == tag] for tag in (1, 2))
        assert _text(first) == _text(told["live"])
        assert {word["start_time"] > 800 for final in _finals(second) for word in final["words"]} == {True}


def test_pacing_and_pauses_change_no_word(told: dict[str, Any]) -> None:
    """As if spoken, or with a long silence on the line: the stream stays open and says the same."""
    assert _text(told["paced"]) == _text(told["idle"]) == _text(told["live"])
    assert any(not result.get("is_final") for result in told["paced"])


def test_refusals_are_a_status_and_a_sentence(told: dict[str, Any]) -> None:
    """Not UNKNOWN, and no traceback."""
    assert told["refused"]["junk"].startswith("INVALID_ARGUMENT: The file cannot be decoded")
    assert told["refused"]["model"].startswith("NOT_FOUND: ")


def test_models_are_listed_for_both_ways_of_use(told: dict[str, Any]) -> None:
    """`--list-models` reads type and language_code of each."""
    listed = [(each["model_name"], each["parameters"]["type"]) for each in told["models"]["model_config"]]
    assert {("echo@1", "online"), ("echo@1", "offline")} <= set(listed)
    assert all("language_code" in each["parameters"] for each in told["models"]["model_config"])


def test_texts_come_back_one_by_one(told: dict[str, Any]) -> None:
    """As many as went in, empty ones too."""
    assert [each.get("text", "") for each in told["texts"]["translations"]] == ["Good morning.", "", "Two."]
    assert "echo@1" in told["languages"]["languages"]


def test_phrases_are_kept_or_given(told: dict[str, Any]) -> None:
    """The client joins all of them into one string."""
    assert told["kept"]["translations"][0]["text"] == "Ann met Rob."


def test_speech_becomes_text_of_another_language(told: dict[str, Any]) -> None:
    """The echo translates word for word."""
    assert _text(told["translated"]) == _text(told["live"])
    assert {code for final in _finals(told["translated"]) for code in final["language_code"]} == {"de"}
