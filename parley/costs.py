"""Whom the engine's time is spent for. Knows of a key only what stands for it in metrics."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import context as otel
from opentelemetry.context import Context
from prometheus_client import Counter, Gauge

MOST = 50  # keys that a process counts by themselves; what is spent for further ones counts for OTHER
NONE, OTHER = "none", "other"
COST = Counter(
    "parley_cost_seconds", "Engine time: of each batch an equal share for each job.", ("stage", "model", "key")
)
SOUND = Counter("parley_key_audio_seconds", "Sound that streams have sent, in seconds.", ("stage", "key"))
PRICE = Gauge("parley_engine_price", "Of an hour of one engine: of a core, or of a GPU.", ("stage",))
_KEY = otel.create_key("parley-payer")


class Payers:
    """Which keys have series of their own: the first so many that came."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._named = most, set[str]()

    def label(self, sent: str) -> str:
        """What a stream's engine time counts for, by what its caller has said."""
        if not sent:
            return NONE
        if not re.fullmatch(r"[0-9a-z]{1,16}", sent):
            return OTHER
        if len(self._named) < self._most:
            self._named.add(sent)
        return sent if sent in self._named else OTHER


@contextmanager
def paid_by(label: str) -> Iterator[None]:
    """What is handed to the engine in this context counts for this key."""
    token = otel.attach(otel.set_value(_KEY, label))
    try:
        yield
    finally:
        otel.detach(token)


def _payer(context: Context | None = None) -> str:
    return str(otel.get_value(_KEY, context) or NONE)


def sound(stage: str) -> Counter:
    """What counts the sound of the stream that runs now."""
    return SOUND.labels(stage, _payer())


class Costs:
    """One model's engine time."""

    def __init__(self, stage: str, model: str) -> None:
        self._labels = stage, model
        self._counters: dict[str, Counter] = {}  # looked up once: finding one takes longer than counting

    def spent(self, context: Context, seconds: float) -> None:
        """A job has cost so much of the engine's time."""
        key = _payer(context)
        if key not in self._counters:
            self._counters[key] = COST.labels(*self._labels, key)
        self._counters[key].inc(seconds)
