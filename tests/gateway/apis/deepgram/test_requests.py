"""Deepgram's query in our words."""

from typing import Any

import pytest

from gateway.apis.deepgram import requests
from gateway.http.fields import Fields
from parley.errors import FieldInvalid, RateLimited, UnknownModel
from parley.v1.audio_pb2 import AudioEncoding

RAW = {"encoding": "linear16", "sample_rate": "16000"}


def live(**query: Any) -> requests.ListenRequest:
    return requests.live(Fields(query), str)


def silence_ms(**query: Any) -> int:
    return int(live(**query).config.asr.endpointing.stop_silence.ToMilliseconds())


def test_a_query_of_livekit() -> None:
    """What its plugin sends by default is all understood."""
    wanted = live(
        **RAW, channels="1", punctuate="true", interim_results="true", vad_events="true", endpointing="25",
        language="en-US", keyterm=["alfa", "bravo"], keywords="charlie:2.5", filler_words="true", no_delay="true",
    )  # fmt: skip
    asr = wanted.config.asr
    assert (asr.language, asr.interim_results, asr.word_times, asr.report_answered) == ("en-US", True, True, True)
    assert list(asr.phrases) == ["alfa", "bravo", "charlie"]
    assert (wanted.is_written, wanted.vad_events, wanted.has_endpoints) == (True, True, True)
    assert wanted.config.format.sample_rate_hz == 16_000


@pytest.mark.parametrize(("asked", "taken"), [("", 0), ("true", 0), ("10", 300), ("299", 300), ("700", 700)])
def test_a_pause_inside_of_a_word_ends_nothing(asked: str, taken: int) -> None:
    """Shorter ones are taken as the shortest that makes sense; without a number the service has its own."""
    assert silence_ms(endpointing=asked) == taken


def test_without_endpointing_finals_come_and_no_end_is_told() -> None:
    """A client that says so looks for ends itself."""
    assert not live(endpointing="false").has_endpoints
    assert not live(endpointing="false").config.asr.endpointing.disabled


@pytest.mark.parametrize(
    ("encoding", "ours"),
    [("linear16", "PCM_S16LE"), ("linear32", "PCM_F32LE"), ("mulaw", "MULAW"), ("alaw", "ALAW")],
)
def test_each_encoding_of_bare_samples(encoding: str, ours: str) -> None:
    """Ours has another name."""
    form = live(encoding=encoding, sample_rate="8000", channels="2").form
    assert form is not None
    assert AudioEncoding.Name(form.encoding) == f"AUDIO_ENCODING_{ours}"
    assert (form.sample_rate_hz, form.channels) == (8000, 2)


@pytest.mark.parametrize("query", [{}, {"encoding": "flac"}, {"encoding": "ogg-opus", "sample_rate": "16000"}])
def test_a_file_says_itself_what_it_is(query: dict[str, str]) -> None:
    """Nothing else does."""
    assert live(**query).form is None


@pytest.mark.parametrize("language", ["multi", ""])
def test_a_language_that_is_found_out_is_told(language: str) -> None:
    """Among the hints, where there are some."""
    wanted = live(language=language, language_hint=["de", "en"])
    assert (wanted.config.asr.language, list(wanted.config.asr.languages)) == ("", ["de", "en"])
    assert wanted.has_languages


@pytest.mark.parametrize(
    ("query", "right"),
    [
        ({"encoding": "opus"}, "say one of linear16"),
        ({"encoding": "linear16"}, "say `sample_rate` too"),
        ({"encoding": "linear16", "sample_rate": "4000"}, "from 8000 to 48000"),
        ({"channels": "9", **RAW}, "from 0 to 8"),
        ({"endpointing": "soon"}, "give a number"),
        ({"endpointing": "-1"}, "give a number"),
        ({"utterance_end_ms": "999"}, "at least 1000"),
        ({"interim_results": "perhaps"}, "true or false"),
        ({"multichannel": "true", "diarize": "true"}, "leave `diarize` out"),
        ({"redact": ["pci", "numbers"]}, "'numbers', which is not found here"),
        ({"profanity_filter": "true"}, "leave it out"),
        ({"callback": "https://example.com"}, "leave it out"),
    ],
)
def test_what_cannot_be_done_is_refused(query: dict[str, Any], right: str) -> None:
    """With what would be right."""
    with pytest.raises(FieldInvalid, match=right):
        live(**query)


def test_what_shall_be_hidden_is() -> None:
    """Deepgram's names mean ours; each kind once."""
    assert list(live(redact=["pci", "card", "ssn"]).config.redact) == ["card", "ssn"]
    assert "email" in live(redact="pii").config.redact


def test_what_is_off_is_not_refused() -> None:
    """Clients send every option that they have."""
    assert live(redact="false", profanity_filter="false", callback="")


def test_a_recording_is_heard_as_one() -> None:
    """It has no interims and no flushes."""
    wanted = requests.whole(Fields({"detect_language": "true", "language": "de", "utterances": "true"}), str)
    assert (wanted.config.asr.recording, wanted.config.asr.report_answered) == (True, False)
    assert (wanted.config.asr.language, wanted.has_utterances) == ("", True)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [(RateLimited("slow"), 429, "TOO_MANY_REQUESTS"), (UnknownModel("none"), 404, "Bad Request")],
)
def test_an_error_has_their_shape(error: Any, status: int, code: str) -> None:
    """Three names that every client of theirs reads."""
    body = requests.refusal(error, status)
    assert (body["err_code"], body["err_msg"]) == (code, str(error))
    assert body["request_id"]
