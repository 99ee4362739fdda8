"""`parley models verify`: the bytes, the policy, the stage's contract, and a run on examples. Must not know a stage."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import typer

from parley.cli import options
from parley.cli.commands.models.here import Configs, Name, Root, Stage, Store, store
from parley.cli.outcome import Exit
from parley.cli.show.printing import print_json, print_line
from parley.errors import BadModel, ParleyError

if TYPE_CHECKING:
    from parley.cli.show.steps import Steps
    from parley.engines.model import ModelSpec

EXAMPLES = "examples"
Checked = dict[str, str]  # a line: what it asks, and what was found; no fault: it is kept
PIECE = 1 << 20


@dataclass
class Report:
    """Every line that was checked."""

    model: str
    stage: str
    lines: list[Checked] = field(default_factory=list)
    megabytes_a_second: float = 0.0

    @property
    def broken(self) -> list[Checked]:
        """Those that are not kept."""
        return [line for line in self.lines if line["fault"]]

    def refuse_broken(self) -> None:
        """One sentence that names the first of them."""
        for line in self.broken:
            raise BadModel(
                f"{self.model} breaks the contract of {self.stage}: {line['asks']}: {line['fault'].rstrip('.')}."
            )


def verify(
    name: Name, stage: Stage = "", root: Root = "", configs: Configs = "", as_json: options.AsJson = False
) -> None:
    """Check every byte of a version, the policy, and its stage's contract line by line; then run it on examples."""
    from parley.cli.show.steps import Steps

    here = store(root, configs)
    found = here.find(name, stage)
    spec = found.spec
    with Steps(quiet=as_json) as steps:
        report = Report(str(spec.ref), spec.stage)
        report.lines += _bytes(spec, report, steps)
        report.lines += _allowed(here, spec, ships=found.ships)
        if not report.broken:
            report.lines += contract(here, spec, steps).lines
    if as_json:
        told = {"model": report.model, "stage": report.stage, "ok": not report.broken, "lines": report.lines}
        print_json({**told, "megabytes_a_second": round(report.megabytes_a_second)})
    else:
        _print(report)
    if report.broken:
        raise typer.Exit(Exit.FAILED)


def _print(report: Report) -> None:
    for number, line in enumerate(report.lines, 1):
        print_line(f"{'BROKEN' if line['fault'] else 'ok':6}  {number}. {line['asks']}")
        if line["fault"]:
            print_line(f"           {line['fault']}")
    last = f"{len(report.broken)} of {len(report.lines)} lines are broken" if report.broken else "it can be served"
    print_line(f"{report.stage} {report.model}: {last}")


def _bytes(spec: "ModelSpec", report: Report, steps: "Steps") -> Iterator[Checked]:
    """Each file has the sum that model.toml declares."""
    from parley.engines import files

    began, size = time.perf_counter(), 0
    for name, total in spec.files.items():
        steps.say(f"checking {name}")
        try:
            digest = hashlib.sha256()
            with files.opened(spec.folder / name) as file:
                whole, done = os.fstat(file.fileno()).st_size, 0
                while piece := file.read(PIECE):
                    digest.update(piece)
                    done += len(piece)
                    steps.progress(done, whole)
            size += done
            fault = "" if digest.hexdigest() == total else f"its sha256 is {digest.hexdigest()}"
        except ParleyError as error:
            fault = str(error)
        yield {"asks": f"{name} has the sha256 {total}", "fault": fault}
    report.megabytes_a_second = size / 1e6 / max(1e-9, time.perf_counter() - began)


def _allowed(here: Store, spec: "ModelSpec", *, ships: bool) -> Iterator[Checked]:
    from parley.engines import trust

    asked = here.trust(spec.stage)
    try:
        trust.check(spec, asked, ships=ships)
        fault = ""
    except ParleyError as error:
        fault = str(error)
    yield {"asks": f'the policy is "{asked.policy}"; this version is {trust.of(spec, ships=ships)}', "fault": fault}


def contract(here: Store, spec: "ModelSpec", steps: "Steps") -> Report:
    """In a process of the stage's service: only it has the libraries, and a model may end it."""
    report = Report(str(spec.ref), spec.stage)
    words = [
        sys.executable,
        "-X",
        "faulthandler",
        "-m",
        "parley.serving.offline.verify",
        f"services.{spec.stage}.stage:STAGE",
    ]
    words += [str(spec.folder.resolve()), str(here.where.tree / EXAMPLES)]
    env, pipe = here.where.environment(os.environ), subprocess.PIPE
    steps.say(f"checking the contract of {spec.stage}")
    with subprocess.Popen(words, env=env, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        with suppress(BrokenPipeError):  # it ended; that is told below
            child.stdin.write(here.around(spec.stage).told())
            child.stdin.close()
        report.lines += map(_line, child.stdout)
    if child.returncode and not report.broken:
        how = signal.Signals(-child.returncode).name if child.returncode < 0 else f"code {child.returncode}"
        report.lines.append({"asks": "it opens, and runs", "fault": f"the process that tried it ended with {how}"})
    return report


def _line(text: str) -> Checked:
    read: dict[str, Any] = json.loads(text)
    return {"asks": str(read["asks"]), "fault": str(read["fault"])}
