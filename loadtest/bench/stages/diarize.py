"""Diarize: windows a second, and how long one takes, through the service. Must not know how windows become turns."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from loadtest.bench.stages.lockstep import Lockstep
from loadtest.bench.stages.row import BenchRow, times
from loadtest.bench.stages.setup import BenchSetup, conversation, percentile, rounds
from loadtest.measured.clips import RATE_HZ
from parley.engines.model import ModelSpec
from parley.v1.diarize_pb2 import DiarizeConfig, DiarizeRequest

MODEL = "voice-nano@1"  # which has windows and nothing else, as the reference has
PUBLISHED_RATE, PUBLISHED_P99_MS = 297.0, 4.48  # of the reference system
AIM_RATE, AIM_P99_MS = 3.0, 2.5
CALLERS, WINDOWS = 16, 64  # of a caller
STREAMS, FEW = 20, 16  # windows of a stream before it takes a second look at all of them
LOUD = 1 / 30  # of the loudest: quieter is a pause


def rows(setup: BenchSetup) -> list[BenchRow]:
    """How many, and how soon."""
    spec = setup.weights("diarize", MODEL)
    config = DiarizeConfig(open_turns=True)
    with setup.serving("diarize", {"PARLEY_MODELS": str(spec.ref)}) as address:
        many = Lockstep(address, "Diarize", DiarizeRequest, config, list(_pieces(spec)), _answers)
        few = replace(many, pieces=many.pieces[:FEW])
        many.alone()  # what a first stream finds cold is no matter here
        rate, p99_ms, look_ms = rounds(
            lambda: many.rate(CALLERS),
            lambda: percentile([ms for _ in range(STREAMS) for ms in few.alone()], 99),
            lambda: percentile(many.alone(), 99),
        )
    window = f"of {float(spec.options['window_s']):g} s"
    fast, soon = rate >= AIM_RATE * PUBLISHED_RATE, p99_ms < AIM_P99_MS
    published = "the reference system, as published"
    return [
        BenchRow(
            f"diarize: windows {window} a second, {CALLERS} callers",
            f"{published}: {PUBLISHED_RATE:g}",
            f"{rate:.0f}, {times(rate, PUBLISHED_RATE)}",
            f">= {AIM_RATE:g}x",
            fast,
        ),
        BenchRow(
            f"diarize: a window {window}, there and back, one caller, p99",
            f"{published}: {PUBLISHED_P99_MS} ms",
            f"{p99_ms:.2f} ms; with second looks at the whole {look_ms:.0f} ms",
            f"< {AIM_P99_MS} ms",
            soon,
        ),
    ]


def _answers(answer: Any) -> bool:
    """Each window with speech is answered with the turn as it is then."""
    return bool(answer.turn.is_open)


def _pieces(spec: ModelSpec) -> Iterator[dict[str, Any]]:
    """As much as the first window needs, then what the next ones need more, without pauses: all have speech."""
    window_s = float(spec.options["window_s"])
    hop_s = float(spec.options.get("hop_s", window_s / 2))
    size, hop = (2 * round(each * RATE_HZ) for each in (window_s, hop_s))
    frames = np.frombuffer(conversation(4 * WINDOWS * hop_s).pcm, np.int16).reshape(-1, RATE_HZ // 100)
    loudest = np.abs(frames.astype(np.int32)).max(1)
    sound = frames[loudest > LOUD * loudest.max()].tobytes()
    yield {"audio": {"data": sound[:size]}}
    for at in range(size, size + hop * (WINDOWS - 1), hop):
        yield {"audio": {"data": sound[at : at + hop]}}
