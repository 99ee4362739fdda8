"""`python -m loadtest.bench.soak`: streams opened, finished, hung up; memory and open files must stay flat."""

import argparse
import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from random import Random

from rich.console import Console
from rich.progress import Progress

from loadtest.bench.misbehaving import MisbehavingClient
from loadtest.bench.weighing import EVERY_S, Scales, table, weighed, write
from loadtest.target.processes import ROOT

WRITTEN = ROOT / "build/bench/soak.json"


class Crowd:
    """Callers who come and go, and how their streams ended."""

    def __init__(self, minutes: float, streams: int) -> None:
        self._length_s, self._streams = 60 * minutes, streams
        self.outcomes: Counter[str] = Counter()

    async def call(self, address: str, scales: Scales, bar: Progress) -> None:
        """For as long as was asked."""
        callers = [MisbehavingClient(address, Random(n), self.outcomes) for n in range(self._streams)]
        calling = [asyncio.create_task(caller.call_again_and_again()) for caller in callers]
        task, began = bar.add_task("", total=self._length_s), time.monotonic()
        try:
            while (spent := time.monotonic() - began) < self._length_s:
                bar.update(task, completed=spent, description=f"{self.outcomes.total()} streams")
                await asyncio.sleep(EVERY_S)
                scales.weigh()
        finally:
            for each in calling:
                each.cancel()
            await asyncio.gather(*calling, return_exceptions=True)

    def lines(self) -> Iterator[str]:
        """How the streams ended."""
        yield ", ".join(f"{count} {outcome}" for outcome, count in self.outcomes.most_common())
        yield f"Written to {WRITTEN.relative_to(ROOT)}."


def main() -> None:
    """Soak, show, write down; the exit code says whether all stayed flat."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--streams", type=int, default=12, help="callers at a time")
    parser.add_argument("--config", default="deploy/config", help="folder of the processes' files")
    asked, console = parser.parse_args(), Console()
    crowd = Crowd(asked.minutes, asked.streams)
    found = asyncio.run(weighed(asked.config, console, crowd.call))
    write(WRITTEN, found, outcomes=crowd.outcomes)
    console.print(table(found), *crowd.lines(), sep="\n")
    raise SystemExit(0 if all(each.is_flat for each in found.values()) else 1)


if __name__ == "__main__":
    main()
