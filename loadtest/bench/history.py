"""A day of metrics as a Prometheus would have kept them, made from one scrape of each process; and what queries take.

The series are real, their values are not: counters grow, everything else swings over the day.
"""

import json
import math
import re
import statistics
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml

from loadtest.target.processes import ROOT
from parley.cli.processes.ports import free_address

OBSERVABILITY = ROOT / "deploy/observability"
BLOCK_S, HOURS, EVERY_S, REPLICAS = 7200, 24, 15, 2
STEP_S, RATE_INTERVAL = 120, "135s"  # what Grafana asks for of a day, in a panel of 900 pixels
ASKED = 3  # times, each
COUNTERS = ("_total", "_count", "_sum", "_bucket")
SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
PROMETHEUS = ("prometheus", "--log.level=error", "--web.max-connections=32")


def queries() -> dict[str, str]:
    """Dashboard and panel -> what is asked."""
    found = {}
    for path in sorted((OBSERVABILITY / "grafana/dashboards").glob("*.json")):
        for panel in json.loads(path.read_text("utf-8"))["panels"]:
            for target in panel["targets"]:
                asked = target["expr"].replace("$__rate_interval", RATE_INTERVAL)
                found[f"{path.stem}: {panel['title']} {target['refId']}"] = asked
    return found


def rules() -> list[dict[str, str]]:
    """Those that record."""
    groups = yaml.safe_load((OBSERVABILITY / "prometheus/rules.yaml").read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"] if "record" in rule]


def series(pages: Mapping[str, str]) -> Iterator[tuple[str, str, float]]:
    """Name, labels and value of everything that a query or a rule names, of so many replicas of each process."""
    asked = " ".join((*queries().values(), *(rule["expr"] for rule in rules())))
    for process, page in pages.items():
        for number in range(REPLICAS):
            own = f'job="parley-{process}",instance="10.0.0.{number}:9100"'
            yield "up", own, 1.0
            for line in page.splitlines():
                if (found := SAMPLE.match(line)) and found[1] in asked:
                    yield found[1], ",".join(filter(None, (found[2], own))), float(found[3])


def _write(file: Path, pages: Mapping[str, str], begin: int, day: int) -> int:
    """Two hours of every series; how many samples."""
    count, moments = 0, [(at, str(at)) for at in range(begin, begin + BLOCK_S, EVERY_S)]
    swing = [1 + 0.5 * math.sin((at - day) / 86_400 * math.tau) for at, _ in moments]
    with file.open("w", encoding="utf-8") as out:
        for name, labels, value in series(pages):
            grows = name.endswith(COUNTERS)
            values = ((at - day + 60) * value / 60 for at, _ in moments) if grows else (value * by for by in swing)
            out.write("".join(f"{name}{{{labels}}} {v:.6g} {t}\n" for v, (_, t) in zip(values, moments, strict=True)))
            count += len(moments)
        out.write("# EOF\n")
    return count


def _promtool(*words: str) -> None:
    done = subprocess.run(("promtool", "tsdb", *words), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"promtool tsdb {words[0]}: {done.stdout[-500:]}{done.stderr[-500:]}")


@contextmanager
def _running(folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """Prometheus over what is in the folder, and where it answers."""
    (folder / "prometheus.yaml").write_text("global: {}\n")
    address = free_address()
    own = (f"--config.file={folder}/prometheus.yaml", f"--storage.tsdb.path={folder}/data")
    with subprocess.Popen((*PROMETHEUS, *own, f"--web.listen-address={address}")) as process:
        try:
            while not _is_ready(address):
                time.sleep(0.2)
            yield f"http://{address}", psutil.Process(process.pid)
        finally:
            process.terminate()


def _is_ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{address}/-/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _record(folder: Path, wanted: Sequence[Mapping[str, str]], begin: int, end: int) -> None:
    """What rules would have recorded; those that need others' come later."""
    (folder / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "day", "rules": list(wanted)}]}))
    with _running(folder) as (url, _):
        span = (f"--start={begin}", f"--end={end}", f"--eval-interval={EVERY_S}s", f"--url={url}")
        _promtool("create-blocks-from", "rules", *span, f"--output-dir={folder}/data", str(folder / "rules.yaml"))


def make(folder: Path, pages: Mapping[str, str]) -> tuple[int, int]:
    """A day that ended a while ago; its last moment, and how many samples it has."""
    end = int(time.time()) // BLOCK_S * BLOCK_S - BLOCK_S
    day, samples = end - HOURS * 3600, 0
    for begin in range(day, end, BLOCK_S):
        samples += _write(folder / "two-hours.txt", pages, begin, day)
        _promtool("create-blocks-from", "openmetrics", str(folder / "two-hours.txt"), str(folder / "data"))
    first = [rule for rule in rules() if ":" not in rule["expr"].replace("[30d:1m]", "")]
    later = [rule for rule in rules() if rule not in first]
    for wanted in (first, later):
        _record(folder, wanted, day, end)
    return end, samples


@dataclass(frozen=True)
class Asked:
    """One query: how long it took, how much of a processor, and how many lines it draws."""

    panel: str
    took_ms: float
    cpu_ms: float
    lines: int


def ask(folder: Path, end: int) -> Iterator[Asked]:
    """Every panel's query over the day, some times; medians."""
    with _running(folder) as (url, process):
        for name, query in queries().items():
            asked = {"query": query, "start": end - HOURS * 3600, "end": end, "step": STEP_S}
            tries = [_timed(f"{url}/api/v1/query_range?{urllib.parse.urlencode(asked)}", process) for _ in range(ASKED)]
            took_ms, cpu_ms, lines = (statistics.median(each) for each in zip(*tries, strict=True))
            yield Asked(name, took_ms, cpu_ms, int(lines))


def _timed(url: str, process: psutil.Process) -> tuple[float, float, int]:
    began, cpu_s = time.perf_counter(), sum(process.cpu_times()[:2])
    lines = len(_get(url))
    return 1000 * (time.perf_counter() - began), 1000 * (sum(process.cpu_times()[:2]) - cpu_s), lines


def _get(url: str) -> list[Any]:
    with urllib.request.urlopen(url, timeout=120) as answer:
        found: list[Any] = json.load(answer)["data"]["result"]
        return found
