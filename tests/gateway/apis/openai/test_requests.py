import base64

import pytest

from gateway.apis.openai import requests
from gateway.http.fields import Fields
from parley.errors import FieldInvalid

WHISPER = {"model": "whisper-1"}
VOICE = f"data:audio/wav;base64,{base64.b64encode(b'RIFF').decode()}"
NAMED = {"whisper-1": "", "echo@1": "echo@1"}.__getitem__
DIARIZED: dict[str, object] = {**WHISPER, "response_format": "diarized_json"}


def test_word_times_are_asked_of_the_model_only_where_wanted() -> None:
    """They cost time."""
    assert not requests.asked(Fields(WHISPER), NAMED).config.asr.word_times
    assert requests.asked(Fields(WHISPER | {"response_format": "verbose_json"}), NAMED).config.asr.word_times
    assert requests.asked(Fields(DIARIZED), NAMED).config.asr.word_times


def test_speakers_are_told_apart_only_where_wanted() -> None:
    """diarized_json asks for diarization, nothing else does."""
    assert requests.asked(Fields(DIARIZED), NAMED).config.HasField("diarize")
    assert not requests.asked(Fields(WHISPER), NAMED).config.HasField("diarize")


def test_a_channel_is_a_speaker_where_each_is_heard_by_itself() -> None:
    """Nobody has to be told apart, and known voices have no place."""
    config = requests.asked(Fields(DIARIZED | {"per_channel": "true"}), NAMED).config
    assert (config.per_channel, config.HasField("diarize")) == (True, False)
    known: dict[str, object] = {"known_speaker_names": "Ann", "known_speaker_references": VOICE}
    with pytest.raises(FieldInvalid, match="leave `known_speaker_names` out"):
        requests.asked(Fields(DIARIZED | {"per_channel": "true"} | known), NAMED)


def test_a_prompt_is_a_hint() -> None:
    """A model that reads none must not cost a client its transcript."""
    asr = requests.asked(Fields(WHISPER | {"prompt": "Parley, gRPC."}), NAMED).config.asr
    assert (asr.prompt, asr.hints_only) == ("Parley, gRPC.", True)


@pytest.mark.parametrize(("language", "hints"), [("", ["de", "fr"]), ("en", [])])
def test_languages_are_hints_where_none_is_given(language: str, hints: list[str]) -> None:
    """They say which may be spoken; the one that is known goes before."""
    given: dict[str, object] = {"language": language, "languages[]": ["de", "fr"]}
    asr = requests.asked(Fields(WHISPER | given), NAMED).config.asr
    assert (asr.language, list(asr.languages), asr.hints_only) == (language, hints, True)


def test_known_voices_are_read_from_data_urls() -> None:
    """As many names as voices, in order."""
    known = {"known_speaker_names[]": ["Ann"], "known_speaker_references[]": [VOICE]}
    assert requests.asked(Fields(DIARIZED | known), NAMED).voices == {"Ann": b"RIFF"}


@pytest.mark.parametrize(
    "known",
    [
        {"known_speaker_names": ["Ann", "Ben"], "known_speaker_references": [VOICE]},
        {"known_speaker_references": [VOICE]},
        {"known_speaker_names": "Ann", "known_speaker_references": "https://example.org/a.wav"},
        {"known_speaker_names": "Ann", "known_speaker_references": "data:audio/wav;base64,%"},
        {"known_speaker_names": list("abcde"), "known_speaker_references": [VOICE] * 5},
    ],
)
def test_known_voices_that_make_no_sense_are_refused(known: dict[str, object]) -> None:
    """The field is named, and no address is ever fetched."""
    with pytest.raises(FieldInvalid, match="known_speaker"):
        requests.asked(Fields(DIARIZED | known), NAMED)


@pytest.mark.parametrize("shape", ["srt", "vtt", "verbose_json"])
def test_what_cannot_be_streamed_is_not_streamed(shape: str) -> None:
    """Subtitles need the whole."""
    with pytest.raises(FieldInvalid, match="stream"):
        requests.asked(Fields(WHISPER | {"stream": "true", "response_format": shape}), NAMED)
