"""A stage's config from the words of a command."""

from pathlib import Path
from typing import Any

import pytest

from parley.cli.commands.stage_alone import config_of, sorted_out
from parley.cli.sound import Sound
from parley.errors import BadInput
from parley.v1.audio_pb2 import AudioChunk, Track
from parley.v1.denoise_pb2 import DenoiseResponse, Quality
from parley.v1.separate_pb2 import SeparateResponse
from parley.wire.stages import STAGES


def test_settings_are_json_or_else_texts() -> None:
    """Numbers, truths and lists as JSON writes them; a text needs no quotes; the format is the sound's."""
    settings = ["language=en", "interim_results=true", 'phrases=["one", "two"]']
    config: Any = config_of(STAGES["asr"], settings, Sound("a.wav", 8_000, 1, []))
    assert (config.language, config.interim_results, list(config.phrases)) == ("en", True, ["one", "two"])
    assert config.format.sample_rate_hz == 8_000


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("attenuation_limit=3", "did you mean `attenuation_limit_db`"),
        ("bypass", "write FIELD=VALUE"),
        ("bypass=perhaps", "is no parley.v1.DenoiseConfig"),
    ],
)
def test_a_setting_that_makes_no_sense_is_told(setting: str, told: str) -> None:
    """With what would make some."""
    with pytest.raises(BadInput, match=told):
        config_of(STAGES["denoise"], [setting])


def test_other_tracks_lie_beside_the_first(tmp_path: Path) -> None:
    """Called by their names; what is no sound stays an event."""
    answers = [
        SeparateResponse(audio=AudioChunk(data=b"ab", track="voice")),
        SeparateResponse(other=Track(name="music", audio=AudioChunk(data=b"cd"))),
        SeparateResponse(audio=AudioChunk(data=b"ef", track="voice")),
        DenoiseResponse(quality=Quality(silent=True)),
    ]
    sounds, events = sorted_out(answers, tmp_path / "talk.wav")
    assert sounds == {tmp_path / "talk.wav": b"abef", tmp_path / "talk.music.wav": b"cd"}
    assert events == [{"quality": {"silent": True}}]
