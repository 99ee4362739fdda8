"""Long work beside the loop: on another thread, one at a time; short work where it is asked for."""

import asyncio
import threading
from functools import partial

import pytest

from parley import beside
from parley.engines.model import read_spec
from parley.errors import Overloaded
from parley.serving.batcher import BatchConfig
from parley.serving.registry import Registry
from parley.serving.stage import ServiceConfig
from parley.serving.streams import ServiceStreams
from parley.v1.pipeline_pb2 import PipelineConfig
from parley.v1.translate_pb2 import GlossaryEntry, TranslateConfig, TranslateRequest
from parley.wire import rules
from services.translate.stage import STAGE
from tests.contract.source import ROOT
from tests.parley.serving.test_streams import Call

GLOSSARY = [GlossaryEntry(source=f"phrase {n}", target=f"Wort {n}") for n in range(10_000)]


async def test_large_work_leaves_the_loop_and_small_work_does_not() -> None:
    """Many large pieces are done by one other thread, a small one by this."""
    here = threading.get_ident()
    many = (beside.done(beside.LARGE, threading.get_ident) for _ in range(beside.MOST_WAITING))
    there = set(await asyncio.gather(*many))
    assert (len(there), here in there) == (1, False)
    assert await beside.done(beside.LARGE - 1, threading.get_ident) == here


async def test_only_so_many_wait() -> None:
    """Each holds its message; one more is told to come back, and small ones are not concerned."""
    free = threading.Event()
    waiting = [asyncio.create_task(beside.done(beside.LARGE, free.wait)) for _ in range(beside.MOST_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded, match="come back"):
        await beside.done(beside.LARGE, free.wait)
    assert await beside.done(1, lambda: "small") == "small"
    free.set()
    assert all(await asyncio.gather(*waiting))
    assert await beside.done(beside.LARGE, lambda: "again") == "again"


async def test_what_goes_wrong_beside_is_told_here() -> None:
    """The error is the caller's, as if it had happened on the loop."""
    with pytest.raises(ValueError, match="invalid literal"):
        await beside.done(beside.LARGE, partial(int, "x"))


async def test_a_glossary_of_ten_thousand_is_looked_at_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its check and its index take longer than neighbours may wait; a usual config is quicker here."""
    threads: list[int] = []
    check = rules.check

    def seen(config: TranslateConfig) -> None:
        threads.append(threading.get_ident())
        check(config)

    monkeypatch.setattr(rules, "check", seen)
    registry = Registry(STAGE.open_engine, BatchConfig())
    await registry.load(read_spec(ROOT / "models/embedded/translate/echo/1"))
    streams = ServiceStreams(STAGE, ServiceConfig(listen="", models=()), registry)
    for glossary in (GLOSSARY, GLOSSARY[:10]):
        config = TranslateConfig(source_language="en", target_language="de", glossary=glossary)
        call = Call([TranslateRequest(config=config).SerializeToString()])
        await streams.handle(None, call)
        assert call.written[0].opened.model == "echo@1"
    await registry.close()
    assert (threads[0] == threading.get_ident(), threads[1]) == (False, threading.get_ident())


def test_no_entry_is_checked_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a pipeline's config: the whole is checked, so its parts are."""
    from gateway.pipeline.plan import Plan

    checked: list[str] = []
    check = rules.check

    def seen(message: PipelineConfig) -> None:
        checked.append(message.DESCRIPTOR.name)
        check(message)

    monkeypatch.setattr(rules, "check", seen)
    Plan(PipelineConfig(asr={}, translate=[TranslateConfig(target_language="de", glossary=GLOSSARY)] * 2))
    assert checked == ["PipelineConfig"]
