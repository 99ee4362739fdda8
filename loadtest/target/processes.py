"""Processes under test: started, weighed and always ended. Must not know what is measured on them."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Self

import psutil

from loadtest.target.ports import free_address

ROOT = Path(__file__).parents[2]
START_S = 60.0  # how long a busy machine may take
MB = 1 << 20
# Compiling at every start is not what users have: the second start finds what the first compiled.
_ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


class House:
    """Some processes in one folder, configured by the files of another."""

    def __init__(self, folder: Path, configs: str = "deploy/echo", nice: int = 0) -> None:
        self._folder, self._configs, self._nice = folder, configs, nice
        folder.mkdir(parents=True, exist_ok=True)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._started: dict[str, tuple[list[str], dict[str, str]]] = {}
        self.names: tuple[str, ...] = ()

    def socket(self, name: str) -> str:
        """Where a service listens."""
        return f"unix:{self._folder}/{name}.sock"

    def start(self, name: str, module: str, *words: str, **env: str) -> None:
        """One process."""
        nice = ["nice", "-n", str(self._nice)] if self._nice else []
        self._started[name] = [*nice, sys.executable, "-m", module, *words], {**_ENVIRONMENT, **env}
        self.start_again(name)

    def start_again(self, name: str) -> None:
        """A process that has ended, as it was."""
        command, env = self._started[name]
        with (self._folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(command, cwd=ROOT, env=env, stderr=log)
        self.names = tuple(self._processes)

    def start_if_ended(self, name: str) -> bool:
        """The same, unless it still lives; whether it was started."""
        ended = self.has_ended(name)
        if ended:
            self.start_again(name)
        return ended

    def start_service(self, stage: str, name: str = "", **env: str) -> None:
        """A service as it is deployed: with metrics. name: where there are several of a stage."""
        name = name or stage
        env = {"PARLEY_LISTEN": self.socket(name), "PARLEY_TELEMETRY__METRICS": free_address(), **env}
        self.start(name, f"services.{stage}", "--config", f"{self._configs}/{stage}.toml", **env)

    def start_gateway(self, name: str, http: str, grpc: str, upstreams: dict[str, str], **env: str) -> None:
        """A gateway to these."""
        env |= {"PARLEY_CACHE__BYTES": "0"}  # answers that were kept are no measure
        env |= {f"PARLEY_UPSTREAMS__{stage.upper()}": address for stage, address in upstreams.items()}
        words = ("--config", f"{self._configs}/gateway.toml")
        self.start(name, "gateway", *words, PARLEY_HTTP=http, PARLEY_GRPC=grpc, **env)

    def signal(self, name: str, number: signal.Signals) -> bool:
        """Kill, freeze, thaw or ask to go; whether there was somebody to hear it."""
        heard = not self.has_ended(name)
        self._processes[name].send_signal(number)
        return heard

    def has_ended(self, name: str) -> bool:
        """Whether a process is gone."""
        return self._processes[name].poll() is not None

    def await_ready(self, http: str) -> None:
        """Until /readyz says yes."""
        end = time.monotonic() + START_S
        while not _ready(http):
            self.complain()
            if time.monotonic() > end:
                raise TimeoutError(f"Not ready after {START_S:g} s; the logs are in {self._folder}.")
            time.sleep(0.02)

    def complain(self) -> None:
        """Raise when somebody has died."""
        for name, process in self._processes.items():
            if process.poll() is not None:
                log = (self._folder / f"{name}.log").read_text()
                raise RuntimeError(f"{name} has ended with {process.returncode}:\n{log[-2000:]}")

    def pid(self, name: str) -> int:
        """Of a process."""
        return self._processes[name].pid

    def cpu_s(self, name: str) -> float:
        """CPU time so far, to the nanosecond: /proc counts in ticks of 10 ms."""
        return time.clock_gettime((~self._processes[name].pid << 3) | 2)

    def files(self, name: str) -> int:
        """Open files, sockets among them."""
        return int(psutil.Process(self._processes[name].pid).num_fds())

    def rss_mb(self, name: str) -> float:
        """Memory held now."""
        return float(psutil.Process(self._processes[name].pid).memory_info().rss) / MB

    def stop(self, *names: str) -> None:
        """End these, or all."""
        gone = [self._processes.pop(name) for name in names or self.names]
        self.names = tuple(self._processes)
        for process in gone:
            process.terminate()
            process.send_signal(signal.SIGCONT)  # a frozen one could not hear it
        for process in gone:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _ready(http: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{http}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
