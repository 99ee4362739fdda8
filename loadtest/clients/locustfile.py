"""Locust's users: people of a scenario. `make loadtest-ui SCENARIO=live-asr`, or `loadtest.clients.swarm -f ...`.

What is measured goes to Locust's table as well, but is judged from histograms of our own, which workers send to
their master and which add up exactly. The environment says the rest: SLA_FILE and SLA_SCENARIO what is run, SLA_GRPC
and --host where, SLA_KEY and SLA_MODEL as whom and with what, SLA_RESULT where it is written.
"""

import asyncio
import json
import logging
import os
import time
from collections import deque
from pathlib import Path
from typing import Any

import gevent
from locust import LoadTestShape, User, events, task
from locust.env import Environment
from locust.exception import StopUser
from locust.runners import MasterRunner, WorkerRunner

from loadtest.address import Where
from loadtest.clients.bridge import Bridge
from loadtest.clients.lateness import LAG
from loadtest.clients.talk import Talk
from loadtest.measured.measures import Measures
from loadtest.scenario import read

HERE = Path(__file__).parents[1]
PLAN = read(Path(os.environ.get("SLA_FILE", HERE / "sla.toml")))
SCENARIO = PLAN.named([os.environ.get("SLA_SCENARIO", "smoke")])[0].resized(os.environ)
RESULT = os.environ.get("SLA_RESULT", "")
TABLE_S = 0.2
TELL_ALL, ALL_TOLD = "tell all", "all told"  # between a master and its workers, at the end
TOLD_S = 30.0  # how long that may take
CALM_S = 60.0  # for the questions before anybody talks


class Share:
    """What this process does of a run."""

    def __init__(self) -> None:
        self.measured, self.began = Measures(), 0.0
        self.heard_out: set[str] = set()  # workers that have told everything
        self._bridge: Bridge | None = None
        self._talk: Talk | None = None
        self._table: deque[tuple[str, float]] = deque()

    def begin(self, environment: Environment) -> None:
        """Make ready; nobody talks before the calm questions are answered."""
        if self._bridge is None:
            self._bridge = Bridge()
            gevent.spawn(self._fill_table, environment)
        host = {"SLA_HTTP": environment.host} if environment.host else {}
        self._bridge.run(self._begin(Where.of({**os.environ, **host})))
        if RESULT:
            Path(f"{RESULT}.began").write_text(str(self.began))

    async def _begin(self, where: Where) -> None:
        # Where nobody looks on, the table is not filled: it costs more than the talking.
        talk = Talk(SCENARIO, where, self._tell if not RESULT else lambda what, ms: None)
        async with asyncio.timeout(CALM_S):
            await talk.begin()
        self._talk, self.began = talk, talk.began

    def _tell(self, what: str, ms: float) -> None:
        if what != LAG:
            self._table.append((what, ms))

    def person(self) -> None:
        """One more of them."""
        if self._bridge and self._talk:
            self._bridge.run(self._talk.person())

    def _fill_table(self, environment: Environment) -> None:
        while True:
            gevent.sleep(TABLE_S)
            while self._table:
                what, ms = self._table.popleft()
                row = {"request_type": SCENARIO.api, "name": what, "response_time": ms, "response_length": 0}
                environment.events.request.fire(**row, exception=None, context={})

    def leave(self) -> None:
        """Somebody has pressed Stop."""
        if self._bridge and self._talk:
            self._bridge.run(self._talk.leave())

    def end(self) -> None:
        """Nobody talks any more."""
        if self._bridge and self._talk:
            self._bridge.run(self._talk.end())
            self.measured.add(self._talk.measures)
            self._talk = None

    def take_json(self) -> dict[str, Any]:
        """Everything since the last call, so that nothing is counted twice."""
        measured, self.measured = self.measured, Measures()
        return {"began": self.began, "measures": measured.to_json()}

    def add_json(self, data: dict[str, Any]) -> None:
        """What a worker has measured."""
        self.measured.add(Measures.of_json(data["measures"]))
        self.began = data["began"] or self.began

    def write(self) -> None:
        """For whoever judges; where nobody talked there is nothing to judge."""
        if RESULT and self.began:
            Path(RESULT).write_text(json.dumps({"began": self.began, "measures": self.measured.to_json()}))


SHARE = Share()


def _quit_when_all_is_said(environment: Environment) -> None:
    """Locust knows run times only; a run without a web page is over when the last answer is here.

    Not before everybody was there: one worker's people may be gone before those of another have come.
    """
    runner, begun, complete = environment.runner, False, False
    last = time.monotonic() + CALM_S
    while runner and time.monotonic() < last and not (complete and runner.user_count == 0):
        if not begun and runner.user_count:
            begun, last = True, time.monotonic() + SCENARIO.ramp_s + SCENARIO.seconds + SCENARIO.grace_s
        complete = complete or runner.user_count >= runner.target_user_count > 0
        gevent.sleep(TABLE_S)
    if isinstance(runner, MasterRunner):
        _hear_out(runner)
    if runner:
        runner.quit()


def _hear_out(runner: MasterRunner) -> None:
    """Locust's own quit waits half a second for what workers have to tell: on a busy machine that loses runs."""
    runner.send_message(TELL_ALL)
    last = time.monotonic() + TOLD_S
    while time.monotonic() < last and len(SHARE.heard_out) < runner.worker_count:
        gevent.sleep(TABLE_S)


class Person(User):
    """Talks from when it is spawned until the scenario ends."""

    @task
    def talk(self) -> None:
        """All of it, in one go."""
        SHARE.person()
        raise StopUser


if SCENARIO.burst:

    class BurstShape(LoadTestShape):
        """More people for a while."""

        def tick(self) -> tuple[int, float] | None:
            """How many there are now."""
            burst, at_s = SCENARIO.burst, self.get_run_time()
            assert burst
            if at_s > SCENARIO.ramp_s + SCENARIO.seconds:
                return None
            more = burst.at_s <= at_s < burst.at_s + burst.for_s
            return SCENARIO.most if more else SCENARIO.crowd, max(1.0, SCENARIO.most / max(0.5, SCENARIO.ramp_s))


@events.init.add_listener
def _agree(environment: Environment, **_: Any) -> None:
    runner = environment.runner
    if isinstance(runner, WorkerRunner):
        runner.register_message(TELL_ALL, _tell_all)
    elif isinstance(runner, MasterRunner):
        runner.register_message(ALL_TOLD, _all_told)


def _tell_all(environment: Environment, **_: Any) -> None:
    SHARE.end()
    if isinstance(environment.runner, WorkerRunner):
        environment.runner.send_message(ALL_TOLD, SHARE.take_json())


def _all_told(msg: Any, **_: Any) -> None:
    SHARE.add_json(msg.data)
    SHARE.heard_out.add(msg.node_id)


@events.test_start.add_listener
def _begin(environment: Environment, **_: Any) -> None:
    runner = environment.runner
    if not (environment.web_ui or isinstance(runner, WorkerRunner)):
        gevent.spawn(_quit_when_all_is_said, environment)
    if runner and not isinstance(runner, MasterRunner):
        try:
            SHARE.begin(environment)
        except Exception as error:  # whatever the API's library says of a server that is not there
            logging.error(f"{SCENARIO.api} was asked before anybody talked: {type(error).__name__} {error}")
            gevent.spawn(runner.stop if environment.web_ui else runner.quit)


@events.test_stopping.add_listener
def _leave(**_: Any) -> None:
    SHARE.leave()


@events.test_stop.add_listener
def _end(**_: Any) -> None:
    SHARE.end()


@events.report_to_master.add_listener
def _report(data: dict[str, Any], **_: Any) -> None:
    data["parley"] = SHARE.take_json()


@events.worker_report.add_listener
def _hear_worker(data: dict[str, Any], **_: Any) -> None:
    SHARE.add_json(data["parley"])


@events.quitting.add_listener
def _write(environment: Environment, **_: Any) -> None:
    if not isinstance(environment.runner, WorkerRunner):
        SHARE.write()
