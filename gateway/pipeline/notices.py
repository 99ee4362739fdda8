"""What a client is told when something does not go as asked, in words. Pure."""

from parley.errors import ParleyError, Unavailable, of_reason
from parley.v1.audio_pb2 import Interval
from parley.v1.pipeline_pb2 import Notice

INSTEAD = {
    "denoise": "The raw audio goes on.",
    "asr": "No more words come.",
    "diarize": "Words come without speakers.",
    "translate": "The source text stands alone.",
}
MEANWHILE = {
    "denoise": "The raw audio goes on until another replica has taken over.",
    "asr": "Another replica takes over from {at:.1f} s on; what was not final may be revised.",
    "diarize": "Words come without speakers until another replica has taken over.",
    "translate": "Another replica takes over; nothing stays untranslated.",
}
BACK = {
    "denoise": "The audio is cleaned again from {at:.1f} s on.",
    "diarize": "Words have speakers again from {at:.1f} s on; the speakers are numbered anew.",
}


def lost(stage: str, error: ParleyError) -> Notice:
    """The stage is gone for good."""
    return Notice(stage=stage, reason=error.reason, message=f"{error} {INSTEAD[stage]}")


def loss(notice: Notice, *stages: str) -> ParleyError | None:
    """The error for who waits for nothing but these stages; None: they go on, or another was meant."""
    if notice.stage not in stages or notice.HasField("interval"):  # what goes on says from where
        return None
    return of_reason(Unavailable.code.value, notice.reason)(notice.message)


def replaced(stage: str, error: ParleyError, at_ns: int, lost_from_ns: int | None) -> Notice:
    """The stage's replica is gone; it goes on with another one from there on."""
    message = f"{error} {MEANWHILE[stage]}"
    if lost_from_ns is not None:
        message += f" What was said between {lost_from_ns / 1e9:.1f} s and {at_ns / 1e9:.1f} s may be missing."
    return _from(stage, error.reason, message, at_ns)


def back(stage: str, at_ns: int) -> Notice | None:
    """The stage works again, where that can be noticed."""
    return _from(stage, "REPLACED", BACK[stage], at_ns) if stage in BACK else None


def late(stage: str, waiting_s: float, at_ns: int) -> Notice:
    """The stage is there, and behind; that is no reason to send it anything again."""
    return _from(stage, "LATE", f"{stage} is late: what it owes has waited {waiting_s:.1f} s. Nothing is lost.", at_ns)


def _from(stage: str, reason: str, message: str, at_ns: int) -> Notice:
    interval = Interval()
    interval.start.FromNanoseconds(at_ns)
    return Notice(
        stage=stage, reason=reason, message=message.replace("{at:.1f}", f"{at_ns / 1e9:.1f}"), interval=interval
    )
