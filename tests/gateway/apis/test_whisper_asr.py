"""What Bazarr asks for."""

import wave
from io import BytesIO
from typing import Any

import pytest
from starlette.testclient import TestClient

from parley.v1.diarize_pb2 import Turn
from parley.v1.pipeline_pb2 import PipelineResponse
from tests.gateway.conftest import FakeCore, final


def posted(client: TestClient, path: str, file: bytes, **query: Any) -> Any:
    return client.post(path, params=query, files={"audio_file": ("audio.wav", file)})


def spoken(text: str, language: str = "en") -> PipelineResponse:
    said = final(text)
    said.transcript.language, said.transcript.language_confidence = language, 0.9
    return said


@pytest.mark.parametrize(
    ("shape", "begins"),
    [
        ("txt", "good morning\n"),
        ("srt", "1\n00:00:00,"),
        ("vtt", "WEBVTT\n\n00:00:00."),
        ("tsv", "start\tend\ttext\n"),
        ("json", '{"language": "en", "segments": [{"id": 0,'),
    ],
)
def test_words_in_each_shape(client: TestClient, core: FakeCore, talk: bytes, shape: str, begins: str) -> None:
    """Text, three kinds of subtitles, and JSON."""
    core.answers = [spoken("good morning")]
    answer = posted(client, "/asr", talk, output=shape, task="transcribe", video_file="film.mkv")
    assert answer.text.startswith(begins)
    assert answer.headers["content-type"].startswith("application/json" if shape == "json" else "text/plain")
    assert "parley-ignored" not in answer.headers


def test_samples_without_a_header(client: TestClient, core: FakeCore, talk: bytes) -> None:
    """`encode=false`: 16 kHz, 16 bit, one channel, as ffmpeg writes them for it; the same sound as with one."""
    with wave.open(BytesIO(talk)) as sound:
        raw = sound.readframes(sound.getnframes())
    core.answers = [spoken("good morning")]
    assert posted(client, "/asr", raw, encode="false", output="srt", language="en").status_code == 200
    config = core.asked[0].config
    assert (config.format.sample_rate_hz, config.format.channels, config.asr.language) == (16_000, 1, "en")
    assert sum(len(request.audio.data) for request in core.asked) == len(raw)


def test_the_language_of_the_first_seconds(client: TestClient, core: FakeCore) -> None:
    """No more of a long film is listened to; half a minute where nothing is said."""
    core.answers = [spoken("guten morgen", "de")]
    found = posted(client, "/detect-language", bytes(32_000 * 6), encode="false", detect_lang_length=3).json()
    assert found == {"detected_language": "german", "language_code": "de", "confidence": 0.9}
    assert sum(len(request.audio.data) for request in core.asked) == 32_000 * 3


def test_speech_in_english(client: TestClient, core: FakeCore, talk: bytes) -> None:
    """`task=translate` gives every language's words in English."""
    core.answers = [spoken("guten morgen", "de")]
    assert posted(client, "/asr", talk, task="translate").text == "GUTEN MORGEN\n"


TOLD = {
    "txt": "[SPEAKER_00]: good\n[SPEAKER_01]: morning\n",
    "srt": "1\n00:00:00,000 --> 00:00:00,500\n[SPEAKER_00]: good\n\n"
    "2\n00:00:00,500 --> 00:00:01,000\n[SPEAKER_01]: morning\n\n",
    "tsv": "start\tend\ttext\n0\t500\t[SPEAKER_00]: good\n500\t1000\t[SPEAKER_01]: morning\n",
}


@pytest.mark.parametrize("shape", TOLD)
@pytest.mark.parametrize("name", ["diarize", "enable_diarization"])
def test_who_speaks_stands_before_the_words(
    client: TestClient, core: FakeCore, talk: bytes, shape: str, name: str
) -> None:
    """Two people in one sentence are two lines."""
    core.answers = conversation()
    assert posted(client, "/asr", talk, output=shape, max_speakers=3, **{name: True}).text == TOLD[shape]
    assert core.asked[0].config.diarize.max_speakers == 3


def test_who_speaks_is_told_beside_the_words_of_json(client: TestClient, core: FakeCore, talk: bytes) -> None:
    """As WhisperX has it; nobody without being asked."""
    core.answers = conversation()
    told = posted(client, "/asr", talk, output="json", diarize=True, hotwords="Parley, Riva").json()
    assert [(each["speaker"], each["text"]) for each in told["segments"]] == [
        ("SPEAKER_00", "good"),
        ("SPEAKER_01", "morning"),
    ]
    assert core.asked[0].config.asr.phrases == ["Parley", "Riva"]
    core.answers = [spoken("good morning")]
    assert "speaker" not in posted(client, "/asr", talk, output="json").json()["segments"][0]


def conversation() -> list[PipelineResponse]:
    """Half of a sentence each."""
    said = final("good morning", 0, 1000, ("good", "morning"))
    for word, start in zip(said.transcript.words, (0, 500), strict=True):
        word.interval.start.FromMilliseconds(start)
        word.interval.end.FromMilliseconds(start + 500)
    turns = [Turn(id=str(n), speaker=str(n + 1), interval=said.transcript.words[n].interval) for n in range(2)]
    return [*(PipelineResponse(turn=turn) for turn in turns), said]


@pytest.mark.parametrize(
    ("query", "words"),
    [({"output": "ass"}, "say one of txt, vtt"), ({"task": "sing"}, "say one of"), ({"encode": "perhaps"}, "say true")],
)
def test_a_bad_request_says_what_would_be_right(client: TestClient, talk: bytes, query: Any, words: str) -> None:
    """In the shape that FastAPI gives errors, as theirs does."""
    answer = posted(client, "/asr", talk, **query)
    assert answer.status_code == 400
    assert words in answer.json()["detail"]


def test_no_recording_is_told_by_its_field(client: TestClient) -> None:
    """Theirs is called `audio_file`."""
    answer = client.post("/asr", data={"task": "transcribe"})
    assert answer.status_code == 400
    assert "`audio_file`" in answer.json()["detail"]
