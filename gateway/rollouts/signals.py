"""What a stream's answers say of the version that gave them, as numbers. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from google.protobuf.message import DecodeError

from gateway.replicas.retry import blames_version
from gateway.routing.outcome import Outcome
from parley.wire.stages import STAGES

# Names of numbers; a stream has those that its stage's answers hold.
ERROR, LATE, WAIT, WORST_WAIT = "error", "late", "wait_s", "worst_wait_s"
CONFIDENCE, NO_SPEECH, WORDS_PER_S = "log_probability", "no_speech", "words_per_s"
SNR, SNR_GAIN, CLIPPED = "snr_db", "snr_gain_db", "clipped_share"
TURN_S, CHURN = "turn_s", "speaker_changes_per_minute"
LENGTH, FALLBACK = "length_ratio", "fallback"


@dataclass(frozen=True)
class Signals:
    """Of one stream."""

    numbers: dict[str, float] = field(default_factory=dict)
    language: str = ""


def of(outcome: Outcome) -> Signals | None:
    """None: whoever called was wrong or hung up before anything was said; that tells nothing."""
    events = [event for answer in outcome.answers if (event := _event(outcome.stage, answer))]
    if outcome.error and not blames_version(outcome.error) and not events:
        return None
    numbers = {ERROR: float(outcome.error is not None and blames_version(outcome.error))}
    numbers[LATE] = float(any(kind == "late" for kind, _ in events))
    if waits := outcome.waits:
        numbers |= {WAIT: waits.mean_s, WORST_WAIT: waits.worst_s}
    for kind, measure in MEASURES.items():
        if of_kind := [event for each, event in events if each == kind]:
            numbers |= dict(measure(of_kind))
    spoken = [event.language for kind, event in events if kind == "transcript" and event.language]
    return Signals(numbers, max(set(spoken), key=spoken.count, default="") if spoken else "")


def _event(stage: str, answer: bytes) -> tuple[str, Any] | None:
    try:
        parsed: Any = STAGES[stage].answer.FromString(answer)
    except DecodeError:
        return None
    kind = parsed.WhichOneof("event")
    event = getattr(parsed, kind) if kind else None
    return None if event is None or (kind == "transcript" and not event.is_final) else (kind, event)


def _of_transcripts(finals: Sequence[Any]) -> Iterator[tuple[str, float]]:
    """Finals weigh as much as they are long; what is 0 everywhere the engine does not tell."""
    weights = [max(0.1, _seconds(final.interval)) for final in finals]
    total = sum(weights)
    for name, numbers in (
        (CONFIDENCE, [final.average_log_probability for final in finals]),
        (NO_SPEECH, [final.no_speech_probability for final in finals]),
    ):
        if any(numbers):
            yield name, sum(weight * number for weight, number in zip(weights, numbers, strict=True)) / total
    yield WORDS_PER_S, sum(len(final.text.split()) for final in finals) / total


def _of_qualities(heard: Sequence[Any]) -> Iterator[tuple[str, float]]:
    loud = [each for each in heard if not each.silent and each.input_snr_db]
    if loud:
        yield SNR, sum(each.input_snr_db for each in loud) / len(loud)
        yield SNR_GAIN, sum(each.output_snr_db - each.input_snr_db for each in loud) / len(loud)
    yield CLIPPED, sum(each.clipped_share for each in heard) / len(heard)


def _of_revisions(revisions: Sequence[Any]) -> Iterator[tuple[str, float]]:
    """The last look at all turns; where there is none, the turns that came one by one are looked at."""
    whole = [each for each in revisions if each.is_whole]
    return _of_turns(list(whole[-1].turns)) if whole else iter(())


def _of_turns(turns: Sequence[Any]) -> Iterator[tuple[str, float]]:
    spoken = sorted((turn for turn in turns if not turn.is_open), key=lambda turn: turn.interval.start.ToNanoseconds())
    seconds = sum(_seconds(turn.interval) for turn in spoken)
    if seconds:
        yield TURN_S, seconds / len(spoken)
        yield CHURN, 60 * sum(one.speaker != other.speaker for one, other in pairwise(spoken)) / seconds


def _of_translations(pairs: Sequence[Any]) -> Iterator[tuple[str, float]]:
    source = sum(len(pair.source_text) for pair in pairs)
    if source:
        yield LENGTH, sum(len(pair.text) for pair in pairs) / source
    yield FALLBACK, float(any(pair.HasField("fallback") for pair in pairs))


def _seconds(interval: Any) -> float:
    return float(interval.end.ToNanoseconds() - interval.start.ToNanoseconds()) / 1e9


MEASURES = {  # the kind of event -> what it says; a revision of all turns goes before the turns
    "transcript": _of_transcripts,
    "quality": _of_qualities,
    "turn": _of_turns,
    "revision": _of_revisions,
    "translation": _of_translations,
}
