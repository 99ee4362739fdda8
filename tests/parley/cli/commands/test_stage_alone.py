"""A stage's config from the words of a command."""

from typing import Any

import pytest

from parley.cli.commands.stage_alone import config_of
from parley.cli.sound import Sound
from parley.errors import BadInput
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
