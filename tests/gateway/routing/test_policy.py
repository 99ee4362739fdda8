"""How versions are chosen, and what is learnt from how streams end."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.caller import Caller, Wish
from gateway.config import GatewayConfig
from gateway.routing.book import RouteBook
from gateway.routing.outcome import Outcome
from gateway.routing.policy import Policy, PolicyMemory, Reward, WeightedHash
from gateway.routing.route import Asker
from gateway.routing.router import Router
from gateway.routing.switchboard import Switchboard
from parley.engines.model import ModelRef
from parley.errors import BadInput, Unavailable
from tests.gateway.fake_replicas import FakeReplica, failing, replicas

OLD, NEW = ModelRef("nano", "3"), ModelRef("nano", "4")
ALIAS = "asr/default"
EVEN = {ALIAS: {"versions": {"nano@3": 50, "nano@4": 50}, "policy": "thompson"}}


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
    router = Router(EVEN)
    live(router, 300)
    assert live(router, 100)[NEW] > 90
    next_routes = router.rebuilt({ALIAS: EVEN[ALIAS] | {"versions": {"nano@3": 1, "nano@4": 1, "nano@5": 0}}})
    assert live(next_routes, 100)[NEW] > 90
    assert live(Router(EVEN), 10)[OLD] > 0


def test_an_open_stream_stays_where_it_is() -> None:
    """Asked again with what it has, a drawing policy gives that, unless the route does not lead there any more."""
    router = Router(EVEN)
    assert {picked(router, str(n), had=OLD) for n in range(50)} == {OLD}
    assert picked(router.rebuilt({ALIAS: {"nano@3": 0, "nano@4": 1}}), "k", had=OLD) == NEW


def test_weights_learn_nothing() -> None:
    """Unless another policy is asked for, the router obeys the operator, whatever happens."""
    router = Router({ALIAS: EVEN[ALIAS]["versions"]})
    before = [picked(router, str(n)) for n in range(200)]
    live(router, 200)
    assert [picked(router, str(n)) for n in range(200)] == before


def test_a_changed_file_keeps_what_was_learnt(tmp_path: Path) -> None:
    """The book builds a new router for each change; the memory goes along."""
    book = RouteBook(EVEN, tmp_path / "routes.toml")
    live(book.router, 300)
    book.change({ALIAS: EVEN[ALIAS] | {"versions": {"nano@3": 99, "nano@4": 1}}}, "ann")
    assert live(book.router, 100)[NEW] > 90


def test_what_is_learnt_is_kept_as_json() -> None:
    """A memory that was written and read again draws as the one that it was."""
    router = Router(EVEN)
    live(router, 300)
    kept = PolicyMemory()
    kept.take(json.loads(json.dumps(router.memory.tables())))
    assert live(Router(EVEN, memory=kept), 100)[NEW] > 90


def test_a_stream_that_asks_twice_is_told_the_same() -> None:
    """The draw is the stream's own: the cache's key and the stream itself mean one version."""
    router = Router(EVEN)
    assert [picked(router, str(n)) for n in range(50)] == [picked(router, str(n)) for n in range(50)]
    assert len({picked(router, str(n)) for n in range(50)}) == 2


@pytest.mark.parametrize(
    ("error", "worst_s", "good"),
    [
        (None, 0.9, True),
        (None, 1.1, False),
        (Unavailable, 0.1, False),
        (BadInput, 0.1, None),
        (asyncio.CancelledError, 0.1, None),
    ],
)
def test_a_reward_may_ask_for_quick_answers(error: type[BaseException] | None, worst_s: float, good: bool) -> None:
    """No error and no late answer; whoever hangs up or asks wrongly says nothing of the version."""
    ended = Outcome(ALIAS, NEW, error, 0.01, trailers={"parley-waits": f"3;{worst_s};{worst_s}"})
    assert Reward(within_s=1.0).of(ended) is good


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
async def board(replica: FakeReplica, policy: Policy, route: Mapping[str, object]) -> AsyncIterator[Switchboard]:
    made = Switchboard(GatewayConfig(upstreams={"asr": (replica.address,)}))
    made.book = RouteBook({ALIAS: route, "asr/other": {"nano@4": 1}}, None, {"weighted": policy})
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
