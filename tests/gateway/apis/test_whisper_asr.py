"""What Bazarr asks for."""

import wave
from io import BytesIO
from typing import Any

import pytest
from starlette.testclient import TestClient

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
