"""The loop of `parley up`: look, tell, wait; from the first process to the last. Must not know options."""

import signal
import time

from parley.cli.processes import rotation
from parley.cli.processes.deployment import HOST, Deployment
from parley.cli.processes.launcher import Command, answers
from parley.cli.processes.supervisor import Keeper, ProcessState, Supervisor
from parley.cli.show.board import Board, board
from parley.cli.show.hints import hints
from parley.errors import BadConfig

GRACE_S = 12.0  # a little more than the processes give their streams
LOOK_EVERY_S = 0.03
REDRAW_EVERY_S = 0.5


def run(deployment: Deployment, *, as_json: bool) -> None:
    """Until a signal, or until a process turns out unable to start at all."""
    asked = StopRequests()
    running = Running(deployment, asked)
    with board(running.supervisor.keepers, running.why, as_json=as_json) as shown:
        running.until_stopped(shown)
    if running.hopeless:
        raise BadConfig(running.hopeless)


class StopRequests:
    """How often a signal has asked for the end; a second Ctrl-C means now."""

    def __init__(self) -> None:
        self.times = 0
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # else nohup means us to stay
            signal.signal(signal.SIGHUP, self._ask)

    def _ask(self, *_: object) -> None:
        self.times += 1


class Running:
    """All processes, and whether they can be used yet."""

    def __init__(self, deployment: Deployment, asked: StopRequests) -> None:
        self._began = time.monotonic()
        self._deployment, self._asked, self._obeyed = deployment, asked, 0
        self._commands: dict[str, Command] = {command.name: command for command in deployment.commands()}
        keepers = [Keeper(name, command.start) for name, command in self._commands.items()]
        self.supervisor = Supervisor(keepers, GRACE_S)
        self.ready, self._tls = False, deployment.has("tls")
        self.hopeless = ""

    def why(self, keeper: Keeper) -> str:
        """Why a process ended."""
        return self._commands[keeper.name].reason(keeper.exit_code)

    def until_stopped(self, shown: Board) -> None:
        """Tell each change, and once that everything is ready."""
        drawn = 0.0
        for keeper in self.supervisor.keepers:
            shown.changed(keeper)
        while not self.supervisor.stopped:
            self._obey(shown)
            for keeper in self.supervisor.look():
                shown.changed(keeper)
                self._judge(keeper)
            if not self.ready and not self.supervisor.stopping:
                self._greet(shown)
            if time.monotonic() - drawn >= REDRAW_EVERY_S:
                drawn = time.monotonic()
                shown.redraw()
                self._rotate()
            time.sleep(LOOK_EVERY_S)

    def _rotate(self) -> None:
        for command in self._commands.values():
            rotation.rotate(command.log)

    def _obey(self, shown: Board) -> None:
        if self._obeyed < self._asked.times:
            self._obeyed += 1
            self.supervisor.stop()
            shown.say("Stopping; Ctrl-C again to stop at once." if self._obeyed == 1 else "Stopping at once.")

    def _judge(self, keeper: Keeper) -> None:
        """Stops everything when a process cannot start at all: a restart would not help."""
        first, code = (
            keeper.state is ProcessState.WAITING and not keeper.restarts and not self.ready,
            keeper.exit_code or 0,
        )
        if first and code > 0 and not self.supervisor.stopping:
            reason = self.why(keeper).removeprefix(f"{keeper.name}: ")
            self.hopeless = f"{keeper.name} cannot start: {reason} (log: {self._commands[keeper.name].log})"
            self.supervisor.stop()

    def _greet(self, shown: Board) -> None:
        every = "&".join(f"stage={stage}" for stage in self._deployment.stages)
        if answers(f"{HOST}:{self._deployment.http_port}", f"/readyz?{every}", tls=self._tls):
            self.ready = True
            shown.ready(time.monotonic() - self._began, hints(self._deployment))
