"""Canaries of a gateway: begun, grown, taken back, kept over a restart, judged by one gateway of several."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.config import GatewayConfig, RolloutsConfig
from gateway.rollouts.canary import CanaryConfig
from gateway.rollouts.rollouts import Rollouts
from gateway.routing.outcome import Outcome
from gateway.routing.shadow import Compared
from gateway.routing.switchboard import Switchboard
from parley.engines.model import ModelRef
from parley.errors import BadInput, Conflict, NotFound
from parley.v1.asr_pb2 import AsrResponse
from parley.wire.waits import WAITS
from tests.gateway.fake_replicas import FakeReplica, replicas

ALIAS = "asr/default"
OLD, NEW = ModelRef("v", "1"), ModelRef("v", "2")
BEFORE = {"versions": {"v@1": 100}, "sticky": "user"}
TRIAL = CanaryConfig(ALIAS, "v@2", plan=(10, 50, 100), hold_s=10.0, streams=60, by="ann")


class Clock:
    """Goes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Gateway:
    """The routes and rollouts of one gateway, and streams that end."""

    def __init__(self, folder: Path, replica: FakeReplica, name: str = "one") -> None:
        self.file, self.clock = folder / "routes.toml", Clock()
        upstreams: dict[str, tuple[str, ...]] = {"asr": (replica.address,)}
        config = GatewayConfig(upstreams=upstreams, routes={}, routes_file=str(self.file))
        self.board = Switchboard(replace(config, routes={ALIAS: BEFORE}))  # type: ignore[dict-item]
        self.rollouts = Rollouts(self.board, RolloutsConfig(samples=5), name, self.clock)
        self.told: list[dict[str, Any]] = []
        self.rollouts._webhook.tell = self.told.append  # type: ignore[method-assign, assignment]

    @property
    def route(self) -> Any:
        return self.board.book.tables[ALIAS]

    async def pass_s(self, seconds: float) -> None:
        self.clock.now += seconds
        await self.rollouts.look()

    def ends(
        self,
        ref: ModelRef,
        times: int = 1,
        *,
        wait_s: float = 0.1,
        log_probability: float = -0.3,
        together: str = "",
    ) -> None:
        answer = AsrResponse(transcript={"text": "alfa bravo", "is_final": True, "language": "en"})
        answer.transcript.average_log_probability = log_probability
        answer.transcript.interval.end.FromMilliseconds(1000)
        told = ((answer.SerializeToString(),), {WAITS: f"2;{2 * wait_s};{wait_s}"})
        for _ in range(times):
            self.board.outcomes.append(Outcome(ALIAS, ref, None, 0.01, "asr", *told, together=together))

    async def live(self, rounds: int, **new: Any) -> None:
        """Rounds of one stream of the new version and a few of the old one, a second each."""
        for _ in range(rounds):
            self.ends(OLD, 4)
            self.ends(NEW, **new)
            await self.pass_s(1.0)


@asynccontextmanager
async def gateways(folder: Path, *names: str) -> AsyncIterator[list[Gateway]]:
    async with replicas(folder, "asr") as (replica,):
        for version in ("v@1", "v@2"):
            await replica.serves(True, version)
        made = [Gateway(folder, replica, name) for name in names]
        for each in made:
            for upstream in each.board.upstreams.values():
                await upstream.start()
        try:
            yield made
        finally:
            for each in made:
                await each.rollouts.close()
                await each.board.close()


def audit(gateway: Gateway) -> Iterator[tuple[str, str]]:
    return ((entry["what"], entry["by"]) for entry in gateway.board.book.change_log.last(99))


async def test_a_good_version_gets_all_step_by_step(tmp_path: Path) -> None:
    """A tenth, a half, all; each with its audit line and its message; one roll-back undoes the whole trial."""
    async with gateways(tmp_path, "one") as (here,):
        await here.rollouts.begin(TRIAL)
        assert here.rollouts.words() == ["asr/default tries v@2 on 10 %."]
        pair = {"v@2": 10, "v@1": 10}
        assert here.route == {"versions": {"v@1": 9, "v@2": 1}, "sticky": "user", "shadow": pair}
        await here.live(21)
        assert here.route["versions"] == {"v@1": 1, "v@2": 1}
        await here.live(45)
        assert here.route == {"versions": {"v@2": 100}, "sticky": "user"}
        (ended,) = here.rollouts.shown()["ended"]
        assert ended["state"] == "promoted"
        assert "nothing speaks against it in 60 streams" in ended["why"]
        assert [each["event"] for each in here.told] == ["canary begun", "canary step", "canary promoted"]
        whats = [("canary promoted", "canary"), ("canary step", "canary"), ("change", "ann")]
        assert list(audit(here)) == whats
        here.board.book.roll_back("ann")
        assert here.route == BEFORE


async def test_a_bad_version_takes_itself_back_and_says_why(tmp_path: Path) -> None:
    """The route is as it was, one sentence says in which measure, and no roll-back leads to it again."""
    async with gateways(tmp_path, "one") as (here,):
        await here.rollouts.begin(TRIAL)
        await here.live(30, wait_s=0.3)
        assert here.route == BEFORE
        why = here.rollouts.shown()["ended"][0]["why"]
        assert why.startswith("v@2 is taken back from asr/default after ")
        assert re.search("for its tail, the slowest answer of a stream: 0.3 s in [0-9]+ streams, against 0.1 s in", why)
        assert here.told[-1]["event"] == "canary rolled back"
        assert here.told[-1]["why"] == why == here.board.book.change_log.last(1)[0]["why"]
        with pytest.raises(Conflict, match="nothing to roll back"):
            here.board.book.roll_back("ann")


async def test_one_caller_alone_does_not_decide(tmp_path: Path) -> None:
    """A session of a thousand slow streams counts as five; with others beside it, it is judged."""
    async with gateways(tmp_path, "one") as (here,):
        await here.rollouts.begin(TRIAL)
        await here.live(100, wait_s=0.3, together="a session")
        (running,) = here.rollouts.shown()["running"]
        assert (running["streams"], running["step"]) == (5, 0)
        await here.live(30, wait_s=0.3)
        assert here.route == BEFORE


async def test_other_words_in_shadow_take_it_back(tmp_path: Path) -> None:
    """Whichever of the two served, and only comparisons of these two count."""
    async with gateways(tmp_path, "one") as (here,):
        await here.rollouts.begin(TRIAL)
        for served, shadow in (("v@1", "v@2"), ("v@2", "v@1"), ("v@1", "other@1")):
            here.board.comparisons.extend([Compared("asr", ALIAS, served, shadow, "alfa", "zulu", 1.0)] * 6)
        await here.pass_s(1.0)
        assert here.route == BEFORE
        ended = here.rollouts.shown()["ended"][0]
        assert "for its divergence, " in ended["why"]
        assert ended["measures"]["divergence"]["streams"] == 12
        compared = here.rollouts.versions.between("asr", "v@2", "v@1")
        assert (compared["compared"], compared["divergence"], len(compared["samples"])) == (12, 1.0, 5)
        assert compared["samples"][0]["texts"] in ({"v@1": "alfa", "v@2": "zulu"}, {"v@2": "alfa", "v@1": "zulu"})


async def test_a_canary_outlives_its_process(tmp_path: Path) -> None:
    """Step, time, streams and evidence are those of before; the next process goes on, also over a crash."""
    async with gateways(tmp_path, "one", "one") as (here, later):
        await here.rollouts.begin(TRIAL)
        await here.live(30)
        await here.live(3, wait_s=0.3)
        here.rollouts._keep()  # as it does every few seconds, and at its end
        before = here.rollouts.shown()["running"]
        later.board.book.look()
        later.rollouts._take()
        assert later.rollouts.shown()["running"] == json.loads(json.dumps(before))
        await later.live(12, wait_s=0.3)
        assert later.route == BEFORE


async def test_a_step_that_was_not_written_down_is_taken_from_the_routes(tmp_path: Path) -> None:
    """The process died between the routes and its own file: it stands where the routes say."""
    async with gateways(tmp_path, "one", "one") as (here, later):
        await here.rollouts.begin(TRIAL)
        state = tmp_path / "routes.toml.rollouts"
        text = state.read_text()
        await here.live(21)
        state.write_text(text)
        later.board.book.look()
        later.rollouts._take()
        await later.pass_s(0.5)
        (running,) = later.rollouts.shown()["running"]
        assert (running["step"], running["share"]) == (1, 50)


async def test_of_gateways_that_share_the_routes_one_judges(tmp_path: Path) -> None:
    """The other shows it, refuses to begin one, and takes over when the first has written nothing for a while."""
    async with gateways(tmp_path, "one", "two") as (one, two):
        await one.rollouts.begin(TRIAL)
        two.board.book.look()
        await two.pass_s(6.0)
        shown = two.rollouts.shown()
        assert (shown["in_charge"], shown["gateway"].endswith(" one"), len(shown["running"])) == (False, True, 1)
        with pytest.raises(Conflict, match="Another gateway judges"):
            two.rollouts.stop(ALIAS, "bo")
        await two.live(30, wait_s=0.9)
        assert two.route["versions"] == {"v@1": 9, "v@2": 1}
        two.rollouts._state._clock = lambda: 1e10  # much later
        await two.pass_s(6.0)
        assert two.rollouts.shown()["in_charge"]
        await two.live(30, wait_s=0.9)
        assert two.route == BEFORE


async def test_a_route_that_is_changed_by_hand_ends_the_trial(tmp_path: Path) -> None:
    """Whoever changes it knows why; nothing is changed back."""
    async with gateways(tmp_path, "one") as (here,):
        await here.rollouts.begin(TRIAL)
        here.board.book.change({ALIAS: {"v@2": 1}}, "ann")
        await here.pass_s(1.0)
        assert here.route == {"v@2": 1}
        (ended,) = here.rollouts.shown()["ended"]
        assert (ended["state"], "changed by somebody else" in ended["why"]) == ("stopped", True)


async def test_a_trial_can_be_ended_by_hand(tmp_path: Path) -> None:
    """Back, or forward; a second one on the same alias is refused meanwhile."""
    async with gateways(tmp_path, "one") as (here,):
        for promote, route in ((False, BEFORE), (True, {"versions": {"v@2": 100}, "sticky": "user"})):
            await here.rollouts.begin(TRIAL)
            with pytest.raises(Conflict, match="tries v@2 already"):
                await here.rollouts.begin(TRIAL)
            here.rollouts.stop(ALIAS, "ann", promote=promote)
            assert here.route == route
        with pytest.raises(NotFound):
            here.rollouts.stop(ALIAS, "ann")


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"alias": "asr/none"}, BadInput, "no route"),
        ({"model": "v@1"}, Conflict, "nothing to compare"),
        ({"model": "v@9"}, BadInput, "no replica serves"),
        ({"model": "v"}, BadInput, "name@version"),
        ({"plan": (50, 10, 100)}, BadInput, "must rise"),
        ({"plan": (10, 50)}, BadInput, "end with 100"),
    ],
)
async def test_what_cannot_be_tried_is_refused(
    tmp_path: Path, wrong: dict[str, Any], error: type[Exception], words: str
) -> None:
    """With what is wrong; the routes stay."""
    async with gateways(tmp_path, "one") as (here,):
        with pytest.raises(error, match=words):
            await here.rollouts.begin(replace(TRIAL, **wrong))
        assert here.route == BEFORE


async def test_what_is_learnt_outlives_the_process(tmp_path: Path) -> None:
    """Policies' memories and baselines of versions."""
    async with gateways(tmp_path, "one", "one") as (here, later):
        here.board.book.router.memory.of(ALIAS, NEW)["good"] = 7.0
        here.ends(NEW, 600)
        await here.pass_s(31.0)
        later.rollouts.start()
        assert later.board.book.router.memory.of(ALIAS, NEW)["good"] == 7.0
        later.ends(NEW, 200, log_probability=-0.9)
        await later.pass_s(1.0)
        drifts = {each["signal"]: each["left"] for each in later.rollouts.versions.drift()}
        assert drifts == {"log_probability": True, "words_per_s": False, "language": False}
        await later.pass_s(31.0)
        assert later.rollouts.words() == ["v@2 of asr: log_probability has left its baseline."]


async def test_a_state_that_cannot_be_read_is_set_aside(tmp_path: Path) -> None:
    """The gateway starts, and what was there is still there to be looked at."""
    (tmp_path / "routes.toml.rollouts").write_text("{torn")
    async with gateways(tmp_path, "one") as (here,):
        here.rollouts.start()
        assert here.rollouts.shown()["running"] == []
    assert (tmp_path / "routes.toml.rollouts.broken").read_text() == "{torn"


async def test_a_place_that_cannot_be_written_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """As where the routes are mounted to be read only; judging goes on."""
    async with gateways(tmp_path, "one") as (here,):
        (tmp_path / "routes.toml.learnt.new").mkdir()
        here.ends(NEW, 600)
        for _ in range(3):
            await here.pass_s(31.0)
    assert sum("is not kept" in message for message in caplog.messages) == 1
