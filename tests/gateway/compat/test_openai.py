import json

from gateway.compat import openai
from gateway.fields import Fields
from gateway.files import Heard
from tests.gateway.conftest import final

HEARD = Heard(
    3.25,
    finals=[
        final("alfa bravo", 0, 1500, ("alfa", "bravo")).transcript,
        final(" ", 1500, 2000).transcript,
        final("charlie --> delta", 3_600_250, 3_601_000, ("charlie",)).transcript,
    ],
)


def _said(shape: str, **more: object) -> str:
    return openai.answer(openai.asked(Fields({"model": "whisper-1", "response_format": shape, **more})), HEARD)[0]


def test_srt_counts_cues_and_skips_silence() -> None:
    """Numbers from 1, comma before the milliseconds, no cue without words, no arrow inside one."""
    assert _said("srt") == (
        "1\n00:00:00,000 --> 00:00:01,500\nalfa bravo\n\n2\n01:00:00,250 --> 01:00:01,000\ncharlie -> delta\n\n"
    )


def test_vtt_begins_with_its_name() -> None:
    """Point before the milliseconds."""
    assert _said("vtt").startswith("WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nalfa bravo\n\n")


def test_text_is_the_bare_text() -> None:
    """One line."""
    assert _said("text") == "alfa bravo charlie --> delta\n"


def test_verbose_json_has_what_was_asked_for() -> None:
    """Segments by default, words where asked, both where both were."""
    told = json.loads(_said("verbose_json"))
    assert (told["task"], told["language"], told["duration"]) == ("transcribe", "en", 3.25)
    assert next((s["id"], s["start"], s["end"]) for s in told["segments"]) == (0, 0.0, 1.5)
    assert "words" not in told
    told = json.loads(_said("verbose_json", **{"timestamp_granularities[]": "word"}))
    assert told["words"][0] == {"word": "alfa", "start": 0.0, "end": 1.5}
    assert "segments" not in told
    assert {"words", "segments"} <= set(json.loads(_said("verbose_json", timestamp_granularities=["word", "segment"])))


def test_word_times_are_asked_of_the_model_only_where_wanted() -> None:
    """They cost time."""
    fields = {"model": "whisper-1"}
    assert not openai.asked(Fields(fields)).config.asr.word_times
    assert openai.asked(Fields(fields | {"timestamp_granularities[]": ["word"]})).config.asr.word_times
