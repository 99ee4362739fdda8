"""Translate: sentences a second at many callers through the service, beside the library called one by one."""

import time
from collections.abc import Callable
from typing import Any

from loadtest.bench.stages import bare
from loadtest.bench.stages.row import BenchRow, times
from loadtest.bench.stages.setup import BenchSetup, gathered, percentile, rounds
from loadtest.clients.apis.text import TEXTS
from parley.client import Client, requests_of
from parley.v1.translate_pb2 import TranslateConfig, TranslateRequest

CALLERS, EACH = 16, 30
AIM, AIM_RATE, AIM_P95_MS = 3.0, 100.0, 200.0
CONFIG = TranslateConfig(source_language="en", target_language="de")


def rows(setup: BenchSetup) -> list[BenchRow]:
    """One."""
    spec, took = setup.weights("translate"), list[float]()
    sentences = [line.split("\t")[0] for line in TEXTS.read_text("utf-8").splitlines()]
    with setup.serving("translate") as address:
        ours, theirs = rounds(
            lambda: _ours(address, sentences, took), lambda: _theirs(bare.translator(spec), sentences)
        )
    p95_ms = percentile(took, 95)
    return [
        BenchRow(
            f"translate: sentences a second, {CALLERS} callers",
            f"CTranslate2 translate_batch, one by one: {theirs:.0f}",
            f"{ours:.0f}, {times(ours, theirs)}; p95 {p95_ms:.0f} ms",
            f">= {AIM:g}x; >= {AIM_RATE:g}; p95 < {AIM_P95_MS:g} ms",
            ours >= max(AIM * theirs, AIM_RATE) and p95_ms < AIM_P95_MS,
        )
    ]


def _theirs(translate: Callable[[str, str, str], Any], sentences: list[str]) -> float:
    translate(sentences[0], "en", "de")
    began = time.perf_counter()
    for n in range(EACH * 4):
        translate(sentences[n % len(sentences)], "en", "de")
    return EACH * 4 / (time.perf_counter() - began)


def _ours(address: str, sentences: list[str], took: list[float]) -> float:
    async def call(client: Client, caller: int) -> None:
        for n in range(EACH):
            began = time.perf_counter()
            text = sentences[(caller + n) % len(sentences)]
            async for _ in client.stream("Translate", requests_of(TranslateRequest, CONFIG, [text])):
                pass
            took.append(1000 * (time.perf_counter() - began))

    began = time.perf_counter()
    gathered(address, CALLERS, call)
    return CALLERS * EACH / (time.perf_counter() - began)
