"""Numbers from answers."""

import asyncio
from typing import Any

import pytest

from gateway.rollouts import signals
from gateway.routing.notable import notable
from gateway.routing.outcome import Outcome
from parley.engines.model import ModelRef
from parley.errors import BadInput, Unavailable
from parley.v1.asr_pb2 import AsrResponse
from parley.v1.denoise_pb2 import DenoiseResponse
from parley.v1.diarize_pb2 import DiarizeResponse
from parley.v1.translate_pb2 import TranslateResponse
from parley.wire.waits import WAITS, Waits

REF = ModelRef("v", "1")


def final(text: str, seconds: float, log_probability: float, *, is_final: bool = True, language: str = "en") -> Any:
    answer = AsrResponse(transcript={"text": text, "is_final": is_final, "language": language})
    answer.transcript.average_log_probability, answer.transcript.no_speech_probability = log_probability, 0.1
    answer.transcript.interval.end.FromMilliseconds(round(1000 * seconds))
    return answer


def turn(speaker: str, start: float, end: float) -> Any:
    answer = DiarizeResponse(turn={"speaker": speaker})
    answer.turn.interval.start.FromMilliseconds(round(1000 * start))
    answer.turn.interval.end.FromMilliseconds(round(1000 * end))
    return answer


def numbers(stage: str, *answers: Any, error: type[BaseException] | None = None, waits: str = "") -> dict[str, Any]:
    raw = [answer.SerializeToString() for answer in answers]
    found = signals.of(Outcome("", REF, error, 0.1, stage, raw, {WAITS: waits} if waits else {}))
    assert found is not None
    return {name: pytest.approx(value) for name, value in found.numbers.items()}


def test_finals_weigh_as_much_as_they_are_long() -> None:
    """Three seconds of doubt count more than one of certainty; interims count nothing."""
    heard = numbers("asr", final("a b c", 3.0, -0.8), final("d", 1.0, -0.4), final("a b", 2.0, -9.0, is_final=False))
    assert heard == {"error": 0, "late": 0, "log_probability": -0.7, "no_speech": 0.1, "words_per_s": 1.0}


def test_noise_taken_away_and_samples_cut_off() -> None:
    """Silent seconds have no ratio."""
    loud = DenoiseResponse(quality={"input_snr_db": 5, "output_snr_db": 15, "clipped_share": 0.2})
    silent = DenoiseResponse(quality={"silent": True})
    assert numbers("denoise", loud, silent) == {
        "error": 0, "late": 0, "snr_db": 5, "snr_gain_db": 10, "clipped_share": 0.1,
    }  # fmt: skip


def test_changes_of_the_speaker_a_minute_of_speech() -> None:
    """A last look at all turns goes before the turns as they came."""
    turns = [turn("1", 0, 10), turn("2", 10, 20), turn("1", 20, 30)]
    assert numbers("diarize", *turns) == {"error": 0, "late": 0, "turn_s": 10, "speaker_changes_per_minute": 4}
    whole = DiarizeResponse(revision={"is_whole": True, "turns": [turn("1", 0, 30).turn]})
    found = numbers("diarize", *turns, whole)
    assert (found["turn_s"], found["speaker_changes_per_minute"]) == (30, 0)


def test_translations_have_a_length() -> None:
    """Letters over letters."""
    said = TranslateResponse(translation={"source_text": "abcd", "text": "ab"})
    assert numbers("translate", said)["length_ratio"] == 0.5
    assert numbers("translate", said)["fallback"] == 0
    said.translation.fallback.model = "small@1"
    assert numbers("translate", said)["fallback"] == 1


def test_waits_are_the_services_own() -> None:
    """From its trailer; one that is not understood says nothing."""
    told = Waits()
    for seconds in (0.1, 0.3):
        told.note(seconds)
    assert numbers("asr", waits=told.text) == {"error": 0, "late": 0, "wait_s": 0.2, "worst_wait_s": 0.3}
    for odd in ("", "1;2", "0;0;0", "x;1;1", "1;-1;1"):
        assert Waits.of(odd) is None


@pytest.mark.parametrize(("error", "share"), [(Unavailable, 1.0), (ValueError, 1.0), (None, 0.0)])
def test_what_breaks_is_the_versions_fault(error: type[BaseException] | None, share: float) -> None:
    """Also what nobody expected."""
    assert numbers("asr", error=error)["error"] == share


@pytest.mark.parametrize("error", [BadInput, asyncio.CancelledError, GeneratorExit])
def test_a_callers_fault_says_nothing(error: type[BaseException]) -> None:
    """Unless something was said before they hung up: that counts, without an error."""
    assert signals.of(Outcome("", REF, error, None, "asr")) is None
    assert numbers("asr", final("a", 1.0, -0.5), error=error)["error"] == 0


def test_bytes_that_are_no_message_are_left_out() -> None:
    """A broken service breaks nobody's judgement."""
    assert signals.of(Outcome("", REF, None, 0.1, "asr", [b"\x12\xff\xff"])) is not None


def test_what_matters_is_told_by_its_first_byte() -> None:
    """Finals yes, interims and sound no."""
    matter, must = notable("asr"), b"\x10\x01"
    said, guess = final("a", 1, -1).SerializeToString(), final("a", 1, -1, is_final=False).SerializeToString()
    assert matter[said[:1]] == must
    assert must in said
    assert must not in guess
    assert DenoiseResponse(audio={"data": b"x"}).SerializeToString()[:1] not in notable("denoise")
    assert DenoiseResponse(quality={"silent": True}).SerializeToString()[:1] in notable("denoise")
