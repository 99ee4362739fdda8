"""What a client is told when something does not go as asked, in the words of the stage's proto. Pure."""

from parley.errors import AnswerUnusable, ParleyError, Unavailable
from parley.languages import NAMES
from parley.v1.audio_pb2 import Interval
from parley.v1.pipeline_pb2 import Notice
from parley.v1.translate_pb2 import Translation
from parley.wire.error_names import of_reason
from parley.wire.stages import StageContract

FALLBACK, FALLBACK_OVER = "FALLBACK", "FALLBACK_OVER"  # another model translates; the one asked for does so again
UNTRANSLATED = "UNTRANSLATED"  # no model translates this piece;
UNTRANSLATED_NOW = "UNTRANSLATED_NOW"  # and one would, were it there


def lost(stage: StageContract, error: ParleyError) -> Notice:
    """The stage is gone for good."""
    return Notice(stage=stage.name, reason=error.reason, message=f"{error} {stage.traits.notices.instead}")


def loss(notice: Notice, *stages: str) -> ParleyError | None:
    """The error for who waits for nothing but these stages; None: they go on, or another was meant."""
    if notice.stage not in stages or notice.HasField("interval"):  # what goes on says from where
        return None
    return of_reason(Unavailable.code.value, notice.reason)(notice.message)


def replaced(stage: StageContract, error: ParleyError, at_ns: int, lost_from_ns: int | None) -> Notice:
    """The stage's replica is gone; it goes on with another one from there on."""
    message = f"{error} {stage.traits.notices.meanwhile}"
    if lost_from_ns is not None:
        message += f" What was said between {lost_from_ns / 1e9:.1f} s and {at_ns / 1e9:.1f} s may be missing."
    return _from(stage, error.reason, message, at_ns)


def untranslated(stage: StageContract, event: Translation) -> Notice | None:
    """A text was heard in a language from which the stage does not go, or nothing translated it; None: it was."""
    if event.text or not (event.target_language and event.source_text.strip()):
        return None
    if event.HasField("fallback"):
        return instead(stage, event)
    source, target = (NAMES.get(tag, tag) for tag in (event.source_language, event.target_language))
    message = f"{stage.name} does not go from {source} to {target}. {stage.traits.notices.instead}"
    return Notice(stage=stage.name, reason="LANGUAGE_PAIR", message=message, interval=event.interval)


def instead(stage: StageContract, event: Translation) -> Notice:
    """Another model than the one asked for translates, or none does."""
    fallback = event.fallback
    none = UNTRANSLATED if fallback.reason == AnswerUnusable.reason else UNTRANSLATED_NOW
    reason = FALLBACK if fallback.model else none
    return Notice(stage=stage.name, reason=reason, message=fallback.message, interval=event.interval)


def own_again(stage: StageContract, event: Translation) -> Notice:
    """The model asked for translates again."""
    message = f"{stage.name}'s own model works again."
    return Notice(stage=stage.name, reason=FALLBACK_OVER, message=message, interval=event.interval)


def back(stage: StageContract, at_ns: int) -> Notice | None:
    """The stage works again, where that can be noticed."""
    message = stage.traits.notices.back
    return _from(stage, "REPLACED", message, at_ns) if message else None


def returned(stage: StageContract, at_ns: int) -> Notice:
    """The stage had been given up and works now."""
    return _from(stage, "REPLACED", stage.traits.notices.back or f"{stage.name} works again from {{at}} s on.", at_ns)


def late(stage: StageContract, waiting_s: float, at_ns: int) -> Notice:
    """The stage is there, and behind; that is no reason to send it anything again."""
    message = f"{stage.name} is late: what it owes has waited {waiting_s:.1f} s. Nothing is lost."
    return _from(stage, "LATE", message, at_ns)


def silent(stage: StageContract, at_ns: int) -> Notice:
    """Sound comes back of which it will not be known what was said in it."""
    message = (
        f"{stage.name} does not say in time what is said from {{at}} s on; what comes back is silent until it does."
    )
    return _from(stage, "SOUND_SILENT", message, at_ns)


def _from(stage: StageContract, reason: str, message: str, at_ns: int) -> Notice:
    interval = Interval()
    interval.start.FromNanoseconds(at_ns)
    text = message.replace("{at}", f"{at_ns / 1e9:.1f}")
    return Notice(stage=stage.name, reason=reason, message=text, interval=interval)
