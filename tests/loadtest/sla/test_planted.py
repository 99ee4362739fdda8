"""A server that does wrong on purpose, through the whole instrument: what is planted must be found."""

import asyncio
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import grpc
import pytest

from loadtest.address import Where
from loadtest.clients.talk import Talk
from loadtest.promises import Verdict
from loadtest.scenario import LoadPlan, Scenario
from loadtest.sla.judge import Judgement, ScenarioRun, judge
from parley.v1 import asr_pb2 as v1
from tests.sound import noise, pcm

# However busy the machine that tests: whether the load generator was late is another test's affair.
PLAN = LoadPlan(scenarios={}, lag_p99_ms=10_000, cpu_share=10)
PROMISE: dict[str, dict[str, float]] = {
    "lost words": {"count": 0},
    "doubled words": {"count": 0},
    "errors": {"share": 0.005},
}
SAID = "alfa bravo charlie"


class Faulty(grpc.GenericRpcHandler):
    """Recognises the same three words in everything; now and then something else."""

    def __init__(self, every: int, instead: str) -> None:
        self._calls, self._every, self._instead = count(1), every, instead

    def service(self, details: object) -> "grpc.RpcMethodHandler[Any, Any]":
        return grpc.stream_stream_rpc_method_handler(self._recognise)

    async def _recognise(self, _: object, context: Any) -> None:
        await context.write(v1.AsrResponse(opened={"model": "faulty@1"}).SerializeToString())
        while await context.read() is not grpc.aio.EOF:
            pass
        planted = next(self._calls) % self._every == 0
        if planted and not self._instead:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "planted")
        text = self._instead if planted else SAID
        final = v1.Transcript(text=text, is_final=True)
        final.interval.end.FromMilliseconds(200)
        await context.write(v1.AsrResponse(transcript=final).SerializeToString())


@asynccontextmanager
async def serving(handler: Faulty, folder: Path) -> AsyncIterator[str]:
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((handler,))
    address = f"unix:{folder}/faulty.sock"
    server.add_insecure_port(address)
    await server.start()
    try:
        yield address
    finally:
        await server.stop(None)


async def judged(folder: Path, every: int, instead: str) -> Judgement:
    """A hundred calls and more, of a fifth of a second each."""
    with wave.open(str(folder / "tiny.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(pcm(noise(3200)))
    asked: dict[str, Any] = {"name": "x", "api": "asr", "people": 60, "seconds": 2.5, "ramp_s": 0.2}
    scenario = Scenario(clips=str(folder), promise=PROMISE, **asked)
    async with serving(Faulty(every, instead), folder) as address:
        measures = await Talk(scenario, Where(address)).alone()
    assert measures.total("calls") > 100
    return judge(ScenarioRun(scenario, measures), PLAN)


INSTEAD = {"lost words": "alfa charlie", "doubled words": "alfa bravo bravo charlie", "errors": "", "nothing": SAID}


@pytest.fixture(scope="module")
def judgements(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Judgement]:
    """Four servers at the same time, each with another fault in every hundredth answer."""

    async def everywhere() -> list[Judgement]:
        return await asyncio.gather(
            *(judged(tmp_path_factory.mktemp("planted"), 100, instead) for instead in INSTEAD.values())
        )

    return dict(zip(INSTEAD, asyncio.run(everywhere()), strict=True))


@pytest.mark.parametrize("planted", INSTEAD)
def test_one_in_a_hundred_is_found(planted: str, judgements: dict[str, Judgement]) -> None:
    """One call in a hundred that loses a word, says one twice or fails breaks its promise and no other; none, none."""
    judgement = judgements[planted]
    broken = [kept.measure for kept in judgement.kept if kept.verdict is not Verdict.HELD]
    assert broken == ([] if planted == "nothing" else [planted])
    assert judgement.verdict is (Verdict.BROKEN if broken else Verdict.HELD)
