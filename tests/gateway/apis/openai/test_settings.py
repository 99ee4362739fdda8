from typing import Any

import pytest

from gateway.apis.openai.settings import Settings
from parley.errors import FieldInvalid
from parley.v1.audio_pb2 import AudioEncoding
from parley.v1.pipeline_pb2 import DenoiseFor


def _input(**told: Any) -> dict[str, Any]:
    return {"type": "transcription", "audio": {"input": told}}


def _patched(*sessions: Any) -> Settings:
    settings = Settings("asr/fast")
    for session in sessions:
        settings.patch(session)
    return settings


def test_what_nobody_said_is_openais_default() -> None:
    """24 kHz PCM, turns found by silence of half a second, guesses on, and the model of the address."""
    config = Settings("asr/fast").config()
    assert (config.format.encoding, config.format.sample_rate_hz) == (AudioEncoding.AUDIO_ENCODING_PCM_S16LE, 24_000)
    assert config.asr.endpointing.stop_silence.ToMilliseconds() == 500
    assert config.asr.interim_results
    assert dict(config.models) == {"asr": "asr/fast"}
    assert not config.HasField("denoise")


def test_a_patch_leaves_alone_what_it_does_not_name() -> None:
    """Two updates add up; null takes back."""
    settings = _patched(
        _input(transcription={"language": "de", "model": "gpt-4o-transcribe"}, noise_reduction={"type": "near_field"}),
        _input(format={"type": "audio/pcmu"}, transcription={"prompt": "Hallo", "language": None}),
    )
    config = settings.config()
    assert (config.asr.language, config.asr.prompt, dict(config.models)) == (
        "de",
        "Hallo",
        {"asr": "gpt-4o-transcribe"},
    )
    assert (config.format.encoding, config.format.sample_rate_hz) == (AudioEncoding.AUDIO_ENCODING_MULAW, 8_000)
    assert (config.HasField("denoise"), config.denoise_for) == (True, DenoiseFor.DENOISE_FOR_LISTENERS)
    settings.patch(_input(noise_reduction=None, turn_detection=None))
    assert not settings.config().HasField("denoise")
    assert settings.config().asr.endpointing.disabled
    assert not settings.config().asr.interim_results


def test_the_older_shape_says_the_same() -> None:
    """Names differ, what is meant does not."""
    old = {"input_audio_format": "g711_alaw", "input_audio_transcription": {"language": "fr"}, "turn_detection": None}
    new = _input(format={"type": "audio/pcma"}, transcription={"language": "fr"}, turn_detection=None)
    assert _patched(old).config() == _patched(new).config()
    assert _patched(new).beta()["input_audio_format"] == "g711_alaw"


def test_an_eager_listener_waits_less() -> None:
    """Silence is what we have to tell a turn's end by."""
    waits = [
        _patched(_input(turn_detection={"type": "semantic_vad", "eagerness": eagerness})).config().asr.endpointing
        for eagerness in ("high", "auto", "low")
    ]
    assert [each.stop_silence.ToMilliseconds() for each in waits] == [300, 600, 1200]


def test_keywords_and_a_single_language_reach_the_model() -> None:
    """Several languages are those that may be spoken."""
    told = {"keywords": ["Parley"], "languages": ["nl"]}
    config = _patched(_input(transcription=told)).config()
    assert (list(config.asr.phrases), config.asr.language) == (["Parley"], "nl")
    asr = _patched(_input(transcription={"languages": ["nl", "de"]})).config().asr
    assert (asr.language, list(asr.languages), asr.hints_only) == ("", ["nl", "de"], True)


@pytest.mark.parametrize(
    ("session", "field"),
    [
        ("transcription", "session"),
        ({"audio": []}, "audio"),
        (_input(format={"type": "audio/mp3"}), "format"),
        ({"input_audio_format": "mp3"}, "format"),
        (_input(format={"rate": 1}), "format.rate"),
        (_input(format={"rate": True}), "format.rate"),
        (_input(transcription={"language": 5}), "transcription.language"),
        (_input(transcription={"keywords": "Parley"}), "transcription.keywords"),
        (_input(transcription={"languages": [1]}), "transcription.languages"),
        (_input(turn_detection={"type": "telepathy"}), "turn_detection.type"),
        (_input(turn_detection={"silence_duration_ms": 0}), "turn_detection.silence_duration_ms"),
        (_input(turn_detection={"silence_duration_ms": None}), "turn_detection.silence_duration_ms"),
        (_input(turn_detection={"type": "semantic_vad", "eagerness": "greedy"}), "turn_detection.eagerness"),
        (_input(turn_detection={"type": "semantic_vad", "eagerness": []}), "turn_detection.eagerness"),
        (_input(noise_reduction="near_field"), "noise_reduction"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named_and_changes_nothing(session: Any, field: str) -> None:
    """Half a patch is worse than none."""
    settings = Settings()
    before = settings.plain()
    with pytest.raises(FieldInvalid) as refused:
        settings.patch(session)
    assert refused.value.field == field
    assert settings.plain() == before
