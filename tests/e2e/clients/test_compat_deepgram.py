"""Deepgram's own package, and the Deepgram plugins of LiveKit Agents and pipecat, against real processes.

They change nothing but their base URL.
"""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from gateway.pipeline.channels import together
from parley.audio import media
from parley.audio.pcm import RATE_HZ
from tests.e2e.cluster import Cluster
from tests.e2e.foreign import spoken_to
from tests.others import python_with
from tests.parley.audio.test_media import written
from tests.sound import pcm, silence, tone

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two tones with a second and a half between them and after them; a call in which only the second side speaks."""
    sound = np.concatenate((tone(440, 1.5), silence(1.5), tone(330, 1.0), silence(1.5)))
    folder = tmp_path_factory.mktemp("talk")
    (folder / "talk.pcm").write_bytes(pcm(sound))
    (folder / "talk.wav").write_bytes(media.wav(pcm(sound), RATE_HZ))
    (folder / "talk.ogg").write_bytes(written("ogg", sound))
    (folder / "call.pcm").write_bytes(together([bytes(2 * len(sound)), pcm(sound)], 2))
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def told(cluster: Cluster, talk: Path) -> dict[str, Any]:
    return await spoken_to("deepgram_sdk", cluster.http, str(talk))


def _of(messages: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [each for each in messages if each["type"] == kind]


def _finals(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for each in _of(messages, "Results") if each["is_final"]]


def _text(result: dict[str, Any]) -> str:
    return str(result["channel"]["alternatives"][0]["transcript"])


def test_two_tones_are_two_endpoints(told: dict[str, Any]) -> None:
    """Each begins, is guessed at, and ends in one final with its words inside of it."""
    live = told["live"]
    spoken = [each for each in _finals(live) if _text(each)]
    assert [len(_text(each).split()) for each in spoken] == [3, 3]
    assert all(each["speech_final"] for each in spoken)
    assert [round(each["timestamp"], 1) for each in _of(live, "SpeechStarted")] == [0.0, 3.0]
    for each in spoken:
        words = each["channel"]["alternatives"][0]["words"]
        assert [word["punctuated_word"] for word in words] == _text(each).split()
        edges = [edge for word in words for edge in (word["start"], word["end"])]
        assert edges == sorted(edges)
        assert each["start"] <= edges[0] <= edges[-1] <= each["start"] + each["duration"]


def test_finals_follow_each_other_without_a_gap(told: dict[str, Any]) -> None:
    """A client that puts them together has the whole stream once."""
    for way in ("live", "ogg"):
        for one, other in pairwise(_finals(told[way])):
            assert one["start"] + one["duration"] == pytest.approx(other["start"], abs=1e-3)


def test_interims_replace_each_other(told: dict[str, Any]) -> None:
    """All begin where the last final ended, and have words with times."""
    interims = [each for each in _of(told["live"], "Results") if not each["is_final"]]
    assert interims
    assert {each["speech_final"] for each in interims} == {False}
    assert all(each["channel"]["alternatives"][0]["words"] for each in interims)


def test_an_utterance_end_comes_after_so_much_silence(told: dict[str, Any]) -> None:
    """With the end of the last word of each utterance that was followed by a second of silence."""
    ends = [each["last_word_end"] for each in _of(told["live"], "UtteranceEnd")]
    words = [each["channel"]["alternatives"][0]["words"] for each in _finals(told["live"]) if _text(each)]
    assert ends == [each[-1]["end"] for each in words]


@pytest.mark.parametrize("way", ["live", "ogg", "call"])
def test_the_last_message_is_the_metadata(told: dict[str, Any], way: str) -> None:
    """After everything else, and the close after it is no error to the package."""
    last = told[way][-1]
    assert last["type"] == "Metadata"
    assert last["channels"] == (2 if way == "call" else 1)
    assert last["duration"] == pytest.approx(5.5, abs=0.1)
    assert {each["metadata"]["request_id"] for each in _of(told[way], "Results")} == {last["request_id"]}


def test_a_file_is_heard_as_it_comes(told: dict[str, Any]) -> None:
    """Without an encoding, by its header."""
    assert len([each for each in _finals(told["ogg"]) if _text(each)]) >= 2


def test_finalize_is_always_answered_and_the_stream_goes_on(told: dict[str, Any]) -> None:
    """The first has the words, the second nothing; what comes after belongs to neither."""
    first, second, rest = told["finalized"]
    assert (_text(first[-1]), first[-1]["speech_final"]) != ("", False)
    assert _text(second[-1]) == ""
    assert rest[-1]["type"] == "Metadata"
    assert [len(_text(each).split()) for each in _finals(rest) if _text(each)][-1] == 3


def test_speakers_are_numbers(told: dict[str, Any]) -> None:
    """From 0, and the same after a Finalize."""
    first, _, rest = told["finalized"]
    spoken = [each for each in _finals(first + rest) if _text(each)]
    assert {word["speaker"] for each in spoken for word in each["channel"]["alternatives"][0]["words"]} <= {0, 1}


def test_each_channel_is_heard_by_itself(told: dict[str, Any]) -> None:
    """Only the second speaks."""
    assert {tuple(each["channel_index"]) for each in _finals(told["call"]) if _text(each)} == {(1, 2)}


def test_each_channel_answers_a_finalize(told: dict[str, Any]) -> None:
    """With the words of the one that speaks, and with nothing of the other."""
    answers = [(each["channel_index"][0], _text(each) != "") for each in _finals(told["call"]) if each["from_finalize"]]
    assert sorted(answers) == [(0, False), (1, True)]


def test_a_recording_is_the_packages_own_class(told: dict[str, Any]) -> None:
    """The words, the utterances and the model."""
    recorded = told["recorded"]
    assert recorded["class"] == "ListenV1Response"
    (channel,) = recorded["results"]["channels"]
    said = channel["alternatives"][0]
    assert [word["word"] for word in said["words"]] == said["transcript"].split()
    assert recorded["metadata"]["duration"] == pytest.approx(5.5)
    assert " ".join(each["transcript"] for each in recorded["results"]["utterances"]) == said["transcript"]


def test_refusals_are_the_packages_own(told: dict[str, Any]) -> None:
    """A file that is none, and an encoding that nobody decodes, which is told at the handshake."""
    junk, encoding = told["refused"]
    assert (junk["class"], junk["status"]) == ("BadRequestError", 400)
    assert {"err_code", "err_msg", "request_id"} <= set(junk["body"])
    assert (encoding["status"], encoding["body"]["err_code"]) == (400, "Bad Request")


async def test_livekit_hears_speech_begin_and_end(cluster: Cluster, talk: Path) -> None:
    """A flush ends the turn and not the stream; nothing makes it reconnect."""
    heard = await spoken_to("deepgram_livekit", cluster.http, str(talk), python=python_with("livekit.plugins.deepgram"))
    kinds = [
        each["type"] for each in heard["stream"] if each["type"] not in ("interim_transcript", "recognition_usage")
    ]
    assert kinds == ["start_of_speech", "final_transcript", "end_of_speech"] * 2
    first, second = (each for each in heard["stream"] if each["type"] == "final_transcript")
    assert 1.5 <= second["start"] <= 2.1
    assert first["speaker"] == "S0"
    assert heard["recognized"]["text"]


async def test_pipecat_gets_each_turn_finalized(cluster: Cluster, talk: Path) -> None:
    """Who ends a turn by a Finalize waits for the final that says so."""
    heard = await spoken_to(
        "deepgram_pipecat", cluster.http, str(talk), python=python_with("pipecat.services.deepgram")
    )
    finals = [each for each in heard["frames"] if each["final"]]
    assert [each["finalized"] for each in finals] == [True, True]
    assert all(each["text"] for each in finals)
