"""What clients of foreign APIs call a model, and what we make of it."""

import pytest

from gateway.routing import names
from parley.errors import UnknownModel

ALIASES = {"whisper-1": "asr/careful", "kestrel-*": "asr/fast", "old": "small@2"}
ROUTES, VERSIONS = ("asr/default", "asr/fast", "asr/careful", "translate/default"), ("whisper-tiny.en-live@1",)


def ours(name: str, stage: str = "asr") -> str:
    return names.ours(stage, name, ALIASES if stage == "asr" else {}, ROUTES, VERSIONS if stage == "asr" else ())


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("", ""),
        ("echo@1", "echo@1"),
        ("asr/careful", "asr/careful"),
        ("careful", "careful"),
        ("whisper-1", "asr/careful"),
        ("kestrel-9", "asr/fast"),
        ("old", "small@2"),
        ("gpt-4o-mini-transcribe-2025-12-15", ""),
        ("gpt-realtime-whisper", ""),
        ("parakeet-1.1b-en-US-asr-streaming", ""),
    ],
)
def test_the_first_pattern_that_fits_says_what_is_meant(name: str, meant: str) -> None:
    """The config's before those of the services that people come from; our own names are never turned into others."""
    assert ours(name) == meant


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("wisper-1", "did you mean `whisper-1`?"),
        ("whisper-tiny.en-live", "did you mean `whisper-tiny.en-live@1`?"),
        ("gpt-4o-transscribe", "did you mean `gpt-4o-transcribe`?"),
        ("Systran/whisper-tiny.en", "did you mean `whisper-tiny.en-live@1`?"),
        ("carefull", "did you mean `asr/careful`?"),
        ("zzz", "known here: asr/careful, asr/default, asr/fast, "),
    ],
)
def test_a_name_that_nobody_gave_is_refused(name: str, near: str) -> None:
    """With the nearest one that somebody did, of this stage."""
    with pytest.raises(UnknownModel) as refused:
        ours(name)
    assert f"There is no asr model {name!r}; {near}" in str(refused.value)


def test_each_stage_has_names_of_its_own() -> None:
    """What a recogniser is called is no translator."""
    assert ours("riva-translate-1.6b", "translate") == ""
    with pytest.raises(UnknownModel, match="There is no translate model 'whisper-1'"):
        ours("whisper-1", "translate")
