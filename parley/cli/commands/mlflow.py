"""`parley mlflow`: versions into MLflow's registry; SLA runs and canaries as its runs. Must not know how."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from parley.cli import options
from parley.cli.ask import ask
from parley.cli.commands.models.here import Configs, Name, Root, Stage, store
from parley.cli.outcome import Commands
from parley.cli.show.printing import print_json, print_line
from parley.errors import BadInput

ROLLOUTS, REPORT, TAG = "/v1/rollouts", "report.json", "parley.canary"
Experiment = Annotated[str, typer.Option("--experiment", help="Of MLflow, in which the runs are kept.")]
app = typer.Typer(
    cls=Commands, help="A server of MLflow (MLFLOW_TRACKING_URI).", no_args_is_help=True, rich_markup_mode=None
)


@app.command()
def register(
    name: Name,
    called: Annotated[str, typer.Option("--as", help="The registered model; else the name here.")] = "",
    alias: Annotated[str, typer.Option("--alias", help="Of the registry, that leads to it from now on.")] = "",
    experiment: Experiment = "parley models",
    stage: Stage = "",
    root: Root = "",
    configs: Configs = "",
    as_json: options.AsJson = False,
) -> None:
    """Put a version that lies here into the registry, with what was measured of it; `models pull mlflow:...` has it."""
    import tomllib

    from parley.store import mlflow_registry as registry

    spec = store(root, configs).find(name, stage).spec
    table = tomllib.loads((spec.folder / "model.toml").read_text("utf-8"))
    params = {"model": str(spec.ref), "stage": spec.stage, "backend": spec.backend, "license": spec.license}
    params |= {"languages": ",".join(spec.languages), "digest": spec.digest}
    run = registry.Run(
        experiment,
        str(spec.ref),
        {key: value for key, value in params.items() if value},
        dict(registry.numbers(table.get("metrics", {}))),
        tags={"parley.model": str(spec.ref), "parley.stage": spec.stage, "parley.digest": spec.digest},
        files=sorted(path for path in spec.folder.iterdir() if path.is_file()),
        folder=registry.MODEL,
    )
    version = registry.register(run, called or spec.ref.name, alias)
    line = f"mlflow:{called or spec.ref.name}{f'@{alias}' if alias else f'/{version}'}"
    if as_json:
        return print_json(
            {"model": str(spec.ref), "registered": called or spec.ref.name, "version": version, "pull": line}
        )
    return print_line(f"{spec.ref} is version {version} there. Elsewhere: parley models pull {line}")


@app.command()
def sla(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Of a run of `parley loadtest sla`.")],
    experiment: Experiment = "parley sla",
) -> None:
    """Keep an SLA run: each promise's number, the machine, the models, and the report itself."""
    from parley.store import mlflow_registry as registry

    if not (folder / REPORT).is_file():
        raise BadInput(f"{folder} has no {REPORT}; name a folder that `parley loadtest sla` made.")
    report = json.loads((folder / REPORT).read_text("utf-8"))
    params = {"verdict": report["verdict"], "commit": report["commit"], "when": report["when"]}
    params |= {f"machine/{key}": str(value) for key, value in report["machine"].items()}
    params |= {f"models/{key}": str(value) for key, value in report["models"].items()}
    files = sorted(path for path in folder.iterdir() if path.suffix in (".json", ".html", ".xml"))
    named = {registry.metric(key): str(value) for key, value in params.items()}
    run = registry.Run(experiment, f"sla {report['when']}", named, dict(_promises(report)), files=files)
    print_line(f"kept as run {registry.track(run)}")


def _promises(report: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for scenario in report["scenarios"]:
        yield f"{scenario['name']}/size", float(scenario["size"])
        for promise in scenario["promises"]:
            if promise["value"] is not None:
                yield f"{scenario['name']}/{promise['measure']}/{promise['statistic']}", float(promise["value"])


@app.command()
def canaries(http: options.Http = options.HTTP, experiment: Experiment = "parley canaries") -> None:
    """Keep every canary that has ended and is not kept yet: its evidence over its streams, why it ended, as it was."""
    from parley.store import mlflow_registry as registry

    kept = 0
    for canary in ask(http, ROLLOUTS)["ended"]:
        text = json.dumps(canary, sort_keys=True)
        mark = hashlib.sha256(text.encode()).hexdigest()
        if registry.has(experiment, TAG, mark):
            continue
        with TemporaryDirectory() as folder:
            (Path(folder) / "canary.json").write_text(text, "utf-8")
            registry.track(_canary(canary, experiment, mark, Path(folder) / "canary.json"))
        kept += 1
    print_line(f"{kept} canaries are kept")


def _canary(canary: Mapping[str, Any], experiment: str, mark: str, file: Path) -> Any:
    from parley.store.mlflow_registry import Run

    params = {key: str(canary[key]) for key in ("alias", "model", "state", "plan", "risk", "by")}
    metrics = {"streams": float(canary["streams"])}
    for name, measure in canary["measures"].items():
        metrics |= {f"{name}/{key}": float(measure[key]) for key in ("new", "old", "strength") if key in measure}
    series = [
        (f"{name}/evidence", float(value), int(point["streams"]))
        for point in canary["curve"]
        for name, value in point.items()
        if name != "streams"
    ]
    tags = {TAG: mark, "parley.why": canary["why"], "parley.model": canary["model"]}
    return Run(experiment, f"{canary['alias']} {canary['model']}", params, metrics, series, tags, [file])
