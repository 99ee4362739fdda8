"""`python -m loadtest.bench.stages`: each stage beside what people would use instead."""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from loadtest.bench.stages import denoise, diarize, files, live, overhead, shapes, translate
from loadtest.bench.stages.row import BenchRow, Skipped, markdown, table
from loadtest.bench.stages.setup import BenchSetup
from loadtest.target import machine
from loadtest.target.processes import ROOT

WRITTEN = ROOT / "build/bench"
WIDTH = 124  # of the table, where the terminal is narrower or none
MAKERS: dict[str, Callable[[BenchSetup], list[BenchRow]]] = {
    "denoise": denoise.rows,
    "diarize": diarize.rows,
    "translate": translate.rows,
    "asr-files": files.rows,
    "asr-live": live.rows,
    "asr-shapes": shapes.rows,
    "overhead": overhead.rows,
}


def _chosen(names: Sequence[str]) -> list[str]:
    """`asr` means all of asr."""
    return [name for name in MAKERS if not names or name in names or name.partition("-")[0] in names]


def _made(name: str, setup: BenchSetup, console: Console) -> list[BenchRow]:
    began = time.monotonic()
    with console.status(f"{name} …"):
        try:
            rows = MAKERS[name](setup)
        except Skipped as missing:
            rows = [BenchRow(name, "", f"not measured: {missing}")]
    console.print(f"[dim]{name}: {time.monotonic() - began:.0f} s")
    return rows


def main() -> None:
    """Measure, show, write down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stages", nargs="*", choices=[[], "asr", *MAKERS])
    parser.add_argument("--settings", type=Path, default=ROOT / "deploy/config")
    parser.add_argument("--references", type=Path, help="a folder with gtcrn_simple.onnx")
    asked, console = parser.parse_args(), Console()
    console.width = max(console.width, WIDTH)
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as folder:
        setup = BenchSetup(Path(folder), asked.settings, asked.references)
        rows = [row for name in _chosen(asked.stages) for row in _made(name, setup, console)]
    console.print(table(rows))
    WRITTEN.mkdir(parents=True, exist_ok=True)
    facts = {"machine": machine.facts(), "commit": machine.commit(), "rows": [asdict(row) for row in rows]}
    (WRITTEN / "stages.json").write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
    (WRITTEN / "stages.md").write_text(markdown(rows), "utf-8")
    console.print(f"[dim]{WRITTEN / 'stages.md'} is the table for docs/performance.md")


if __name__ == "__main__":
    main()
