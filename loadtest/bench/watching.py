"""`python -m loadtest.bench.watching`: what an open page of an operator costs the gateway; aim: < 1 % of a core.

Pages are streams of `/v1/operations`. Rounds without and with them take turns; what counts is the difference.
"""

import asyncio
import json
import statistics
import tempfile
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
from rich.console import Console

from loadtest.target.processes import ROOT, ServerProcesses
from parley.cli.processes.ports import free_address

WRITTEN = ROOT / "build/bench/watching.json"
ROUNDS, SECONDS, PAGES = 5, 10.0, 10
MOST_SHARE = 0.01  # of a core, for one page


@dataclass(frozen=True)
class WatchingFindings:
    """CPU time of the gateway as a share of a core, a round."""

    without: list[float]
    watched: list[float]
    event_bytes: int

    @property
    def a_page(self) -> float:
        """What one page adds."""
        pairs = zip(self.watched, self.without, strict=True)
        return statistics.median(more - less for more, less in pairs) / PAGES


async def _round(processes: ServerProcesses, http: str, pages: int) -> tuple[float, int]:
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=None))
        opened = [client.stream("GET", f"http://{http}/v1/operations") for _ in range(pages)]
        flows = [await stack.enter_async_context(each) for each in opened]
        read = [asyncio.create_task(_drained(flow)) for flow in flows]
        await asyncio.sleep(1)  # connections cost once
        before = processes.cpu_s("gateway")
        await asyncio.sleep(SECONDS)
        share = (processes.cpu_s("gateway") - before) / SECONDS
        for task in read:
            task.cancel()
        longest = [each for each in await asyncio.gather(*read, return_exceptions=True) if isinstance(each, int)]
    return share, max(longest, default=0)


async def _drained(flow: httpx.Response) -> int:
    """The longest event, when it is told to stop."""
    longest = 0
    try:
        async for line in flow.aiter_lines():
            longest = max(longest, len(line))
    except asyncio.CancelledError:
        return longest
    return longest


async def _measure(folder: Path, console: Console) -> WatchingFindings:
    http, grpc = free_address(), free_address()
    with ServerProcesses(folder) as processes:
        processes.start_all(http, grpc)
        without, watched, event_bytes = list[float](), list[float](), 0
        for turn in range(ROUNDS):
            console.print(f"round {turn + 1} of {ROUNDS}")
            without.append((await _round(processes, http, 0))[0])
            share, event_bytes = await _round(processes, http, PAGES)
            watched.append(share)
    return WatchingFindings(without, watched, event_bytes)


def main() -> None:
    """Measure, print and write."""
    console = Console()
    with tempfile.TemporaryDirectory(prefix="parley-watching-") as folder:
        found = asyncio.run(_measure(Path(folder), console))
    WRITTEN.parent.mkdir(parents=True, exist_ok=True)
    WRITTEN.write_text(json.dumps(asdict(found), indent=1), "utf-8")
    console.print(f"without a page {statistics.median(found.without):.2%} of a core")
    console.print(f"a page adds {found.a_page:.2%} (aim < {MOST_SHARE:.0%}), {found.event_bytes} bytes an event")
    raise SystemExit(found.a_page >= MOST_SHARE)


if __name__ == "__main__":
    main()
