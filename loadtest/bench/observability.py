"""`python -m loadtest.bench.observability`: scrapes of processes under load, dashboards over a day."""

import shutil
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from loadtest.bench import history, scrapes

SCRAPE_MS, SERIES, QUERY_MS, SLOWEST = 50, 5_000, 500, 5


def _scraped(found: list[scrapes.Scraped]) -> Table:
    title = f"{scrapes.STREAMS} pipelines, {len(scrapes.VERSIONS)} versions a stage, {scrapes.KEYS} keys"
    table = Table("process", "series", "scrape, median ms", "worst", title=title, title_justify="left")
    for each in found:
        table.add_row(each.process, f"{each.series:,}", f"{each.median_ms:.1f}", f"{max(each.took_ms):.1f}")
    table.add_row("all", f"{sum(each.series for each in found):,}", "", "")
    return table


def _asked(found: list[history.Asked]) -> Table:
    title = f"the slowest of {len(found)} queries over {history.HOURS} h"
    table = Table("panel", "ms, median", "ms of a core", "lines", title=title, title_justify="left")
    for each in sorted(found, key=lambda each: -each.took_ms)[:SLOWEST]:
        table.add_row(each.panel, f"{each.took_ms:.0f}", f"{each.cpu_ms:.0f}", str(each.lines))
    return table


def main() -> None:
    """Measure, show; exit 1 where an aim is missed."""
    console = Console()
    if not shutil.which("prometheus") or not shutil.which("promtool"):
        sys.exit("This needs Prometheus and its promtool: apt-get install prometheus")
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as folder:
        scraped = scrapes.measure(Path(folder))
        console.print(_scraped(scraped))
        end, samples = history.make(Path(folder), {each.process: each.page for each in scraped})
        console.print(f"{samples / 1e6:.1f} million samples, one each {history.EVERY_S} s, {history.REPLICAS} replicas")
        asked = list(history.ask(Path(folder), end))
        console.print(_asked(asked))
        console.print(f"without an answer: {', '.join(each.panel for each in asked if not each.lines) or 'none'}")
    held = max(each.median_ms for each in scraped) < SCRAPE_MS and sum(each.series for each in scraped) < SERIES
    sys.exit(not (held and max(each.took_ms for each in asked) < QUERY_MS))


if __name__ == "__main__":
    main()
