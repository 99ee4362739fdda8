"""What a routing policy is given: enough for Thompson sampling, of which there is a small one here."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.caller import Caller, Wish
from gateway.config import GatewayConfig
from gateway.routing.book import RouteBook
from gateway.routing.policy import Draw, Outcome, PolicyMemory, WeightedHash
from gateway.routing.route import Asker
from gateway.routing.router import Router
from gateway.routing.switchboard import Switchboard
from parley.engines.model import ModelRef
from parley.errors import BadInput, ParleyError, Unavailable
from tests.gateway.fake_replicas import FakeReplica, failing, replicas

OLD, NEW = ModelRef("nano", "3"), ModelRef("nano", "4")
ALIAS = "asr/default"
EVEN = {ALIAS: {"nano@3": 50, "nano@4": 50}}


class Thompson:
    """Draws each version's chance to end well from what is known of it; the client's own faults teach nothing."""

    def __init__(self) -> None:
        self._random = random.Random(1)

    def pick(self, draw: Draw, memory: PolicyMemory) -> ModelRef:
        able = [ref for ref, weight in draw.shares.items() if weight]
        if draw.had in able:
            return draw.had

        def chance(ref: ModelRef) -> float:
            known = memory.of(draw.alias, ref)
            return self._random.betavariate(1 + known["well"], 1 + known["badly"])

        return max(able, key=chance)

    def learn(self, outcome: Outcome, memory: PolicyMemory) -> None:
        known, error = memory.of(outcome.alias, outcome.ref), outcome.error
        if error is None:
            known["well"] += 1
            known["first_answer_s"] += outcome.first_answer_s or 0.0
        elif issubclass(error, ParleyError) and not issubclass(error, BadInput):
            known["badly"] += 1


def picked(router: Router, draw: str, had: ModelRef | None = None) -> ModelRef:
    ref = router.pick("asr", "", Asker(draw, had=had)).ref
    assert ref is not None
    return ref


def live(router: Router, streams: int) -> Counter[ModelRef]:
    """So many streams; three in five of the old version's fail, one in ten of the new one's."""
    chance, drawn = random.Random(2), Counter[ModelRef]()
    for n in range(streams):
        ref = picked(router, str(n))
        fails = chance.random() < (0.6 if ref == OLD else 0.1)
        router.learn(Outcome(ALIAS, ref, Unavailable if fails else None, 0.1))
        drawn[ref] += 1
    return drawn


def test_thompson_finds_the_better_version_and_a_rebuilt_router_remembers() -> None:
    """After three hundred streams nearly all go to the better one, at once also by the routes that come next."""
    router = Router(EVEN, Thompson())
    live(router, 300)
    assert live(router, 100)[NEW] > 90
    next_routes = router.rebuilt({ALIAS: {"nano@3": 1, "nano@4": 1, "nano@5": 0}})
    assert live(next_routes, 100)[NEW] > 90
    assert live(Router(EVEN, Thompson()), 10)[OLD] > 0


def test_an_open_stream_stays_where_it_is() -> None:
    """Asked again with what it has, a drawing policy gives that, unless the route does not lead there any more."""
    router = Router(EVEN, Thompson())
    assert {picked(router, str(n), had=OLD) for n in range(50)} == {OLD}
    assert picked(router.rebuilt({ALIAS: {"nano@3": 0, "nano@4": 1}}), "k", had=OLD) == NEW


def test_weights_learn_nothing() -> None:
    """The policy that is shipped obeys the operator, whatever happens."""
    router = Router(EVEN)
    before = [picked(router, str(n)) for n in range(200)]
    live(router, 200)
    assert [picked(router, str(n)) for n in range(200)] == before


def test_a_changed_file_keeps_what_was_learnt(tmp_path: Path) -> None:
    """The book builds a new router for each change; the memory goes along."""
    book = RouteBook(EVEN, None, Thompson())
    live(book.router, 300)
    book.change({ALIAS: {"nano@3": 99, "nano@4": 1}}, "ann")
    assert live(book.router, 100)[NEW] > 90


class Recorder(WeightedHash):
    """Chooses by weight, remembers outcomes."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []

    def learn(self, outcome: Outcome, memory: PolicyMemory) -> None:
        self.outcomes.append(outcome)


async def none() -> AsyncIterator[bytes]:
    return
    yield


@asynccontextmanager
async def board(replica: FakeReplica, policy: Recorder, route: Mapping[str, object]) -> AsyncIterator[Switchboard]:
    made = Switchboard(GatewayConfig(upstreams={"asr": (replica.address,)}))
    made.book = RouteBook({ALIAS: route, "asr/other": {"nano@4": 1}}, None, policy)
    await made.start()
    try:
        yield made
    finally:
        await made.close()


async def test_outcomes_flow_back(tmp_path: Path) -> None:
    """A stream that ends well, one that the caller leaves, one that breaks: version, error and latency are told."""
    policy = Recorder()
    async with replicas(tmp_path, "a") as (replica,), board(replica, policy, {"nano@3": 1}) as here:
        async with here.stream(Wish("asr"), Caller(), none) as stream:
            assert [answer async for answer in stream.answers()] == [b"a"]
        with pytest.raises(asyncio.CancelledError):
            async with here.stream(Wish("asr"), Caller(), none):
                raise asyncio.CancelledError
        replica.script = failing(BadInput("odd"))
        with pytest.raises(BadInput):
            async with here.stream(Wish("asr"), Caller(), none):
                raise AssertionError("it did not open")
    assert [(each.alias, each.ref, each.error) for each in policy.outcomes] == [
        (ALIAS, OLD, None),
        (ALIAS, OLD, asyncio.CancelledError),
        (ALIAS, OLD, BadInput),
    ]
    assert [each.first_answer_s is not None for each in policy.outcomes] == [True, True, False]


async def test_a_version_that_another_replaces_is_learnt_too(tmp_path: Path) -> None:
    """The failure belongs to the version that failed, the success to the one from the fallback."""

    async def only_new(replica: FakeReplica, context: object) -> None:
        if len(replica.calls) < 4:
            raise Unavailable("not this one")
        await context.write(b"a")  # type: ignore[attr-defined]

    policy = Recorder()
    route = {"versions": {"nano@3": 1}, "fallback": ["asr/other"]}
    async with replicas(tmp_path, "a") as (replica,), board(replica, policy, route) as here:
        replica.script = only_new
        async with here.stream(Wish("asr"), Caller(), none) as stream:
            assert [answer async for answer in stream.answers()] == [b"a"]
    assert [(each.ref, each.error) for each in policy.outcomes] == [(OLD, Unavailable), (NEW, None)]


async def test_an_exact_version_is_nobodys_choice(tmp_path: Path) -> None:
    """Who names a version has left no choice to learn from."""
    policy = Recorder()
    async with (
        replicas(tmp_path, "a") as (replica,),
        board(replica, policy, {"nano@3": 1}) as here,
    ):
        await replica.serves(True, "nano@9")
        async with here.stream(Wish("asr", "nano@9"), Caller(), none) as stream:
            assert [answer async for answer in stream.answers()] == [b"a"]
    assert policy.outcomes == []
