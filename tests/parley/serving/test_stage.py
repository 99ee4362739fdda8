from typing import Any

import pytest

from parley.errors import ChunkTooLarge, UnsupportedFormat
from parley.serving.stage import LONGEST_TEXT, ServiceConfig, Stage, read_audio, read_text
from parley.v1 import asr_pb2, audio_pb2, denoise_pb2, translate_pb2
from tests.fakes import spec_of


def never(*_: Any) -> Any:
    raise AssertionError("not asked for")


def stage(file: Any, name: str) -> Stage:
    return Stage(file.DESCRIPTOR.services_by_name[name], ServiceConfig, never, never, read_audio)


ASR, DENOISE = stage(asr_pb2, "Asr"), stage(denoise_pb2, "Denoise")


def test_a_stage_is_known_by_its_service() -> None:
    """The name and the request's class follow from the proto; nothing else has to be said."""
    assert (ASR.name, ASR.request) == ("asr", asr_pb2.AsrRequest)


def test_an_event_finds_its_field() -> None:
    """What a session says goes into the answer's field of its type."""
    word = asr_pb2.Transcript(text="hi")
    assert ASR.write(word) == asr_pb2.AsrResponse(transcript=word)
    chunk = audio_pb2.AudioChunk(data=b"xx")
    assert DENOISE.write(chunk) == denoise_pb2.DenoiseResponse(audio=chunk)


def test_opened_says_what_comes_back() -> None:
    """A stage that answers with sound says in which format, one channel; the others say none."""
    config = denoise_pb2.DenoiseConfig(format={"sample_rate_hz": 8000, "channels": 2})
    opened = DENOISE.opened(config, spec_of())
    assert (opened.model, opened.format.sample_rate_hz, opened.format.channels) == ("echo@1", 8000, 1)
    assert not ASR.opened(asr_pb2.AsrConfig(), spec_of()).HasField("format")


def test_a_bad_format_is_refused_before_it_is_opened() -> None:
    """No stream is told that it is open in a format that nobody takes."""
    with pytest.raises(UnsupportedFormat):
        DENOISE.opened(denoise_pb2.DenoiseConfig(format={"sample_rate_hz": 1}), spec_of())


def test_what_is_fed_is_bounded() -> None:
    """Audio and text have a largest piece each; at the limit they pass."""
    at_limit = translate_pb2.TranslateRequest(text={"text": "x" * LONGEST_TEXT})
    assert len(read_text(at_limit)) == LONGEST_TEXT
    with pytest.raises(ChunkTooLarge):
        read_text(translate_pb2.TranslateRequest(text={"text": "x" * (LONGEST_TEXT + 1)}))
    assert read_audio(asr_pb2.AsrRequest(audio={"data": b"ab"})) == b"ab"
    with pytest.raises(ChunkTooLarge):
        read_audio(asr_pb2.AsrRequest(audio={"data": bytes((1 << 20) + 1)}))
