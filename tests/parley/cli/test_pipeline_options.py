"""What the options of `stream` and `transcribe` ask of a pipeline."""

import pytest

from parley.cli.pipeline_options import PipelineOptions
from parley.cli.sound import Sound
from parley.errors import BadInput


@pytest.mark.parametrize(
    ("given", "one", "several"),
    [("", "", []), ("de-AT", "de-AT", []), ("de, fr,", "", ["de", "fr"]), (" de,", "de", [])],
)
def test_one_language_is_spoken_and_several_may_be(given: str, one: str, several: list[str]) -> None:
    """One is what words are translated from; of several the one that is heard."""
    config = PipelineOptions(language=given, translate_to=("en",)).config(Sound("talk.wav", 16_000, 1, []))
    assert (config["asr"]["language"], config["asr"]["languages"]) == (one, several)
    assert config["translate"] == [{"source_language": one, "target_language": "en"}]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("shuot", "names no stage; the stages that it takes: separate"),
        ("diarize", "diarize has options of its own"),
        ("denoise={}", "denoise has options of its own"),
    ],
)
def test_a_stage_that_cannot_be_added_is_refused(given: str, message: str) -> None:
    """One that nobody serves, or that has options already; tests/e2e/test_fifth_stage.py adds one that can."""
    with pytest.raises(BadInput, match=message):
        PipelineOptions(added=(given,)).config(Sound("talk.wav", 16_000, 1, []))
