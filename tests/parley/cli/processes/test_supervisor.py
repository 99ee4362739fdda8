"""What keeps processes running, on a clock that stands still and processes that are none."""

import pytest

from parley.cli.processes.supervisor import Backoff, Keeper, ProcessState, Supervisor


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Fake:
    """A process that ends when it is told to."""

    def __init__(self, pid: int, deaf: bool = False) -> None:
        self.pid, self._deaf = pid, deaf
        self.code: int | None = None

    def poll(self) -> int | None:
        return self.code

    def terminate(self) -> None:
        self.code = self.code if self._deaf else 0

    def kill(self) -> None:
        self.code = -9


class Starter:
    """Remembers what it started."""

    def __init__(self, deaf: bool = False) -> None:
        self.started: list[Fake] = []
        self._deaf = deaf

    def __call__(self) -> Fake:
        self.started.append(Fake(len(self.started) + 1, self._deaf))
        return self.started[-1]


@pytest.fixture
def clock() -> Clock:
    return Clock()


def crash(keeper: Keeper, starter: Starter, clock: Clock) -> float:
    """It crashes now; how long until it runs again."""
    starter.started[-1].code = 1
    assert keeper.look()
    wait_s = keeper.wait_s
    clock.now += wait_s + 1e-6  # floats do not add up
    assert keeper.look()
    return round(wait_s, 3)


def test_waits_double_up_to_five_seconds(clock: Clock) -> None:
    """A process that cannot run does not burn the machine."""
    starter = Starter()
    keeper = Keeper("asr", starter, clock)
    assert [crash(keeper, starter, clock) for _ in range(7)] == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert (keeper.restarts, keeper.pid, keeper.state) == (7, 8, ProcessState.RUNNING)


def test_good_health_makes_the_next_wait_short(clock: Clock) -> None:
    """Yesterday's crashes are forgiven."""
    starter = Starter()
    keeper = Keeper("asr", starter, clock)
    crash(keeper, starter, clock)
    crash(keeper, starter, clock)
    clock.now += 31
    assert crash(keeper, starter, clock) == 0.2


def test_a_restart_waits_until_it_is_time(clock: Clock) -> None:
    """Looking often restarts nothing sooner."""
    starter = Starter()
    keeper = Keeper("asr", starter, clock)
    starter.started[0].code = -9
    assert keeper.look()
    assert not keeper.look()
    assert (keeper.state, keeper.pid, keeper.exit_code) == (ProcessState.WAITING, None, -9)
    clock.now += 0.19
    assert not keeper.look()


def test_a_thousand_failures_still_have_a_wait() -> None:
    """The doubling does not overflow."""
    assert Backoff().after(10_000) == 5.0


def test_stopping_restarts_nothing(clock: Clock) -> None:
    """What waits for its restart is not started to be stopped."""
    running, waiting = Starter(), Starter()
    keepers = [Keeper("asr", running, clock), Keeper("denoise", waiting, clock)]
    supervisor = Supervisor(keepers, 10.0, clock)
    waiting.started[0].code = 1
    supervisor.look()
    supervisor.stop()
    clock.now += 5
    supervisor.look()
    assert supervisor.stopped
    assert (len(running.started), len(waiting.started)) == (1, 1)
    assert running.started[0].code == 0


def test_the_deaf_are_killed_after_the_grace(clock: Clock) -> None:
    """SIGTERM first, a grace, then kill."""
    deaf = Starter(deaf=True)
    supervisor = Supervisor([Keeper("asr", deaf, clock)], 10.0, clock)
    supervisor.stop()
    clock.now += 9.9
    supervisor.look()
    assert deaf.started[0].poll() is None
    clock.now += 0.1
    supervisor.look()
    supervisor.look()
    assert supervisor.stopped
    assert deaf.started[0].poll() == -9


def test_asking_twice_kills_at_once(clock: Clock) -> None:
    """A second Ctrl-C means now."""
    deaf = Starter(deaf=True)
    supervisor = Supervisor([Keeper("asr", deaf, clock)], 10.0, clock)
    supervisor.stop()
    supervisor.stop()
    supervisor.look()
    assert supervisor.stopped
