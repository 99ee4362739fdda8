"""What the options of `stream` and `transcribe` ask of a pipeline."""

import pytest

from parley.cli.pipeline_options import PipelineOptions
from parley.cli.sound import Sound


@pytest.mark.parametrize(
    ("given", "one", "several"),
    [("", "", []), ("de-AT", "de-AT", []), ("de, fr,", "", ["de", "fr"]), (" de,", "de", [])],
)
def test_one_language_is_spoken_and_several_may_be(given: str, one: str, several: list[str]) -> None:
    """One is what words are translated from; of several the one that is heard."""
    config = PipelineOptions(language=given, translate_to=("en",)).config(Sound("talk.wav", 16_000, 1, []))
    assert (config["asr"]["language"], config["asr"]["languages"]) == (one, several)
    assert config["translate"] == [{"source_language": one, "target_language": "en"}]
