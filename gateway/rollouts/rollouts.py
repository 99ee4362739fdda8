"""Runs the canaries: hears how streams end, decides every half second, changes the routes, tells whoever is to know.

Streams put what is known of them into two queues of the switchboard and go on; everything here happens beside them.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from gateway import metrics
from gateway.config import RolloutsConfig
from gateway.rollouts import signals
from gateway.rollouts.canary import Canary, CanaryConfig, CanaryState, begun
from gateway.rollouts.state import RolloutState
from gateway.rollouts.versions import Versions
from gateway.rollouts.webhook import Webhook, check
from gateway.routing.book import beside
from gateway.routing.outcome import Outcome
from gateway.routing.shadow import Compared
from gateway.routing.switchboard import Switchboard
from parley import config as configs
from parley.budget import Clock
from parley.errors import BadConfig, Conflict, NotFound, ParleyError

log = logging.getLogger(__name__)
LOOK_S = 0.5
ENDED = 20  # canaries that are remembered
DRIFT_EVERY_S = 30.0
MEET_S = 5.0
AT_ONCE = 100  # streams that are looked at before others have their turn
BY = "canary"
IN_SHORT = ("alias", "model", "state", "why")


class Rollouts:
    """Every canary of this gateway, and what is known of the versions."""

    def __init__(self, board: Switchboard, config: RolloutsConfig, name: str, clock: Clock = time.monotonic) -> None:
        check(config)
        self._board, self._clock, self._seen_at = board, clock, clock()
        file = board.book.file
        self._state = RolloutState(beside(file, ".rollouts") if file else None, name)
        self._learnt = RolloutState(beside(file, ".learnt") if file else None, name)
        self.versions = Versions(config.samples, config.drift_psi)
        self.canaries: dict[str, Canary] = {}  # alias -> the one that runs
        self._ended: deque[Mapping[str, Any]] = deque(maxlen=ENDED)
        self._webhook, self._in_charge = Webhook(config), True
        self._met_at = self._drift_at = clock()
        self._drifted: list[dict[str, Any]] = []  # when it was last looked at
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Go on where the last process stopped."""
        self._take()
        learnt = self._learnt.read()
        try:
            self._board.book.router.memory.take(learnt.get("policies", ()))
            self.versions.take(learnt.get("baselines", ()))
        except (ValueError, TypeError, ParleyError) as error:
            log.error("what was learnt cannot be read and is begun anew", extra={"why": str(error)})
        self._task = asyncio.create_task(self._watch())

    def _take(self) -> None:
        """The canaries that were kept, where this gateway is in charge of them; else only to be shown."""
        found = self._state.read()
        self._in_charge = self._state.is_mine(found)
        self._ended.clear()
        self._ended.extend(found.get("ended", ()))
        self.canaries = {}
        for kept in found.get("running", ()):
            try:
                canary = _read(kept)
            except (BadConfig, KeyError, TypeError, ValueError) as error:
                log.error("a canary that was kept cannot be read", extra={"why": str(error)})
                continue
            canary.adopt(self._board.book.tables.get(canary.config.alias))
            self.canaries[canary.config.alias] = canary

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self.look()
            except Exception:
                log.exception("the canaries could not be looked at")  # the next look may go well

    async def look(self) -> None:
        """Hear what has happened, then decide."""
        await self._hear()
        with _timed():
            self._decide()
        if self._clock() - self._drift_at >= DRIFT_EVERY_S:
            self._drift_at = self._clock()
            drifted = []
            for each in self.versions.drift():
                drifted += [each] if each["left"] else []
                await asyncio.sleep(0)
            self._drifted = drifted
            self._keep_learnt()

    def _decide(self) -> None:
        now, self._seen_at, before = self._clock(), self._clock(), self._seen_at
        if now - self._met_at >= MEET_S:
            self._meet()
        if self._in_charge:
            for canary in tuple(self.canaries.values()):
                self._judge(canary, now - before)

    def _meet(self) -> None:
        """Other gateways may share the file: find out who is in charge, and say so where it is this one."""
        self._met_at = self._clock()
        was, self._in_charge = self._in_charge, self._state.is_mine(self._state.read())
        if self._in_charge and was and self.canaries:
            self._keep()
            return
        self._take()
        if self.canaries and self._in_charge:
            log.warning("the gateway that judged the canaries is gone; this one goes on")
            self._keep()

    async def _hear(self) -> None:
        board = self._board
        while board.outcomes or board.comparisons:
            with _timed():
                for _ in range(min(AT_ONCE, len(board.outcomes))):
                    self._see(board.outcomes.popleft())
                for _ in range(min(AT_ONCE, len(board.comparisons))):
                    self._compare(board.comparisons.popleft())
            await asyncio.sleep(0)

    def _see(self, outcome: Outcome) -> None:
        seen = signals.of(outcome)
        if seen is None:
            return
        self.versions.see(outcome.stage, str(outcome.ref), seen)
        canary = self.canaries.get(outcome.alias)
        if canary and self._in_charge and (canary.is_new(outcome.ref) or outcome.ref in canary.old):
            canary.see(seen, is_new=canary.is_new(outcome.ref), together=outcome.together)

    def _compare(self, compared: Compared) -> None:
        self.versions.compare(compared)
        canary = self.canaries.get(compared.alias)
        if canary and self._in_charge and canary.is_between(compared.served, compared.shadow):
            canary.compare(compared.divergence)

    # What follows.

    def _judge(self, canary: Canary, seconds: float) -> None:
        alias = canary.config.alias
        if self._board.book.tables.get(alias) != canary.table():
            self._end(canary, CanaryState.STOPPED, f"{alias} was changed by somebody else, and stays as it is now.")
            return
        changed = canary.pass_time(seconds)
        metrics.CANARY_SHARE.labels(alias, canary.config.model).set(canary.share)
        for name, strength in canary.strength().items():
            metrics.CANARY_EVIDENCE.labels(alias, canary.config.model, name).set(strength)
        if changed:
            self._follow(canary)

    def _follow(self, canary: Canary) -> None:
        """It has grown, or is over: the routes follow at once."""
        alias, is_over = canary.config.alias, canary.state is not CanaryState.RUNNING
        why = canary.why or f"{canary.config.model} has {canary.share} % now: nothing speaks against it."
        self._board.book.step(
            {alias: canary.table()}, BY, why, what=f"canary {canary.state.value if is_over else 'step'}"
        )
        if is_over:
            self._end(canary, canary.state, why)
        else:
            self._tell(canary, "step", why)
            self._keep()

    def _end(self, canary: Canary, state: CanaryState, why: str) -> None:
        canary.end(state, why)
        alias, model = canary.config.alias, canary.config.model
        self.canaries.pop(alias, None)
        self._ended.append(canary.shown())
        metrics.CANARIES_ENDED.labels(alias, state.value).inc()
        metrics.CANARY_SHARE.remove_by_labels({"alias": alias, "model": model})
        metrics.CANARY_EVIDENCE.remove_by_labels({"alias": alias, "model": model})
        self._tell(canary, state.value, why)
        self._keep()

    def _tell(self, canary: Canary, event: str, why: str) -> None:
        facts = {"alias": canary.config.alias, "model": canary.config.model, "share": canary.share}
        log.warning("canary %s", event, extra={**facts, "why": why})
        self._webhook.tell({"event": f"canary {event}", **facts, "why": why, "streams": canary.streams})

    # What operators ask for.

    async def begin(self, asked: CanaryConfig) -> Canary:
        """Try a version; its route is changed at once, in one step that a roll-back takes back."""
        self._check_charge()
        asked.check()
        if asked.alias in self.canaries:
            other = self.canaries[asked.alias].config.model
            raise Conflict(f"{asked.alias} tries {other} already; stop that first: `parley routes stop {asked.alias}`.")
        canary = begun(asked, self._board.book.tables.get(asked.alias))
        why = asked.why or f"{asked.model} is tried: {', '.join(map(str, asked.plan))} %"
        await self._board.reroute({asked.alias: canary.table()}, asked.by or BY, why)
        self.canaries[asked.alias] = canary
        self._tell(canary, "begun", why)
        self._keep()
        return canary

    def stop(self, alias: str, by: str, why: str = "", *, promote: bool = False) -> Canary:
        """End a canary by hand: the route is as it was before, or the version gets all."""
        self._check_charge()
        if alias not in self.canaries:
            raise NotFound(f"{alias} tries no version; `parley routes rollouts` lists what is tried.")
        canary = self.canaries[alias]
        done = "promoted" if promote else "stopped"
        canary.end(CanaryState.PROMOTED if promote else CanaryState.STOPPED, why or f"It was {done} by {by}.")
        self._board.book.step({alias: canary.table()}, by, canary.why, what=f"canary {done}")
        self._end(canary, canary.state, canary.why)
        return canary

    def _check_charge(self) -> None:
        self._meet()
        if not self._in_charge:
            raise Conflict(
                f"Another gateway judges the canaries of these routes: {self._state.read().get('by')}; ask it."
            )

    def forget(self, payer: str) -> int:
        """Removes what is kept of the words of a key's streams; how many samples it was."""
        waiting = [each for each in self._board.comparisons if each.payer == payer]
        for each in waiting:
            self._board.comparisons.remove(each)
        return len(waiting) + self.versions.forget(payer)

    def shown(self) -> dict[str, Any]:
        """Those that run, and the last that did."""
        who = {"in_charge": self._in_charge, "gateway": self._state.read().get("by", self._state.name)}
        return {**who, "running": [each.shown() for each in self.canaries.values()], "ended": list(self._ended)[::-1]}

    def in_short(self) -> dict[str, Any]:
        """The same for who asks all the time: nothing is read, and what has ended is told without its numbers."""
        ended = [{key: each[key] for key in IN_SHORT if key in each} for each in reversed(self._ended)]
        return {"running": [each.shown() for each in self.canaries.values()], "ended": ended}

    def words(self) -> list[str]:
        """What an operator should know, in sentences."""
        tried = (f"{c.config.alias} tries {c.config.model} on {c.share} %." for c in self.canaries.values())
        drifted = (
            f"{each['model']} of {each['stage']}: {each['signal']} has left its baseline." for each in self._drifted
        )
        return [*tried, *drifted]

    def _keep(self) -> None:
        running = [canary.written() for canary in self.canaries.values()]
        self._state.write({"running": running, "ended": list(self._ended)})

    def _keep_learnt(self) -> None:
        policies, baselines = self._board.book.router.memory.tables(), self.versions.kept()
        if policies or baselines:
            self._learnt.write({"policies": policies, "baselines": baselines})

    async def close(self) -> None:
        """Write down where it stands; the next process goes on from there."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            if self._in_charge and self.canaries:
                self._keep()
            self._keep_learnt()
        await self._webhook.close()


@contextmanager
def _timed() -> Iterator[None]:
    began = time.thread_time()
    try:
        yield
    finally:
        metrics.JUDGING.inc(time.thread_time() - began)


def _read(kept: Mapping[str, Any]) -> Canary:
    return Canary(configs.build(CanaryConfig, kept["config"], "config"), dict(kept["before"]), kept)
