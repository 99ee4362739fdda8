"""A server of MLflow: versions of models fetched and registered, what was measured kept as runs. Must not know a stage.

`MLFLOW_TRACKING_URI` names the server, and MLflow's own variables how to log in there.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parley.errors import BadConfig, BadInput, Unavailable, UnknownModel
from parley.extras import install

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

PREFIX, URI, MODEL = "mlflow:", "MLFLOW_TRACKING_URI", "model"
LINE = re.compile(r"mlflow:(?P<name>[\w. -]{1,200}?)(?:@(?P<alias>[\w.-]{1,100})|/(?P<version>\d{1,9}))", re.ASCII)
UNSAID = re.compile(r"[^\w./ -]")
# A server that does not answer is said within seconds; nothing is told to MLflow's makers.
SETTINGS = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "60"}
SETTINGS |= {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false"}
SETTINGS |= {"MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true"}  # which is the command's own
MISSING = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")


@dataclass(frozen=True)
class Run:
    """What was measured once."""

    experiment: str
    name: str
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    series: Sequence[tuple[str, float, int]] = ()  # metrics that went on: name, value, step
    tags: Mapping[str, str] = field(default_factory=dict)
    files: Sequence[Path] = ()
    folder: str = ""  # of these files, in the run


def fetch(line: str, out: Path) -> tuple[Path, str]:
    """The files of a registered version, put below `out`, and which version that was."""
    found = LINE.fullmatch(line)
    assert found
    with _told(line):
        version = _version(found["name"], found["alias"] or "", found["version"] or "")
        from mlflow import artifacts

        uri = f"models:/{version.name}/{version.version}"
        return Path(artifacts.download_artifacts(artifact_uri=uri, dst_path=str(out))), str(version.version)


def register(run: Run, name: str, alias: str) -> str:
    """A version in the registry, whose files are those of the run; which it has become."""
    with _told(name):
        client, run_id = _client(), _tracked(run)
        if not any(each.name == name for each in client.search_registered_models(f"name = '{name}'")):
            client.create_registered_model(name)
        made = client.create_model_version(name, f"runs:/{run_id}/{run.folder}", run_id, tags=dict(run.tags))
        if alias:
            client.set_registered_model_alias(name, alias, made.version)
        return str(made.version)


def track(run: Run) -> str:
    """Keep a run; its id."""
    with _told(run.name):
        return _tracked(run)


def has(experiment: str, tag: str, value: str) -> bool:
    """Whether a run with that tag is kept already."""
    with _told(experiment):
        client = _client()
        known = client.get_experiment_by_name(experiment)
        return known is not None and bool(client.search_runs([known.experiment_id], f"tags.`{tag}` = '{value}'"))


def metric(name: str) -> str:
    """As MLflow lets metrics be called."""
    return UNSAID.sub("_", name)


def numbers(table: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, float]]:
    """Every number in nested tables, under its path."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from numbers(value, f"{before}{key}/")
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield metric(f"{before}{key}"), float(value)


def _tracked(run: Run) -> str:
    from mlflow.entities import Metric, Param, RunTag

    client, now = _client(), round(1000 * datetime.now(UTC).timestamp())
    known = client.get_experiment_by_name(run.experiment)
    where = known.experiment_id if known else client.create_experiment(run.experiment)
    run_id = str(client.create_run(where, run_name=run.name).info.run_id)
    said = [Metric(metric(name), value, now, step) for name, value, step in run.series]
    said += [Metric(metric(name), value, now, 0) for name, value in run.metrics.items()]
    client.log_batch(run_id, said[:1000], [Param(*each) for each in run.params.items()])
    client.log_batch(run_id, tags=[RunTag(*each) for each in run.tags.items()])
    for path in run.files:
        client.log_artifact(run_id, str(path), run.folder or None)
    client.set_terminated(run_id)
    return run_id


def _version(name: str, alias: str, version: str) -> "ModelVersion":
    client = _client()
    return client.get_model_version_by_alias(name, alias) if alias else client.get_model_version(name, version)


def _client() -> "MlflowClient":
    for key, value in SETTINGS.items():
        os.environ.setdefault(key, value)
    if not os.environ.get(URI):
        raise BadInput(f"Which MLflow? Name its address, e.g. {URI}=http://mlflow.example:5000.")
    try:
        import mlflow
    except ModuleNotFoundError as error:
        raise BadConfig(f"MLflow's registry needs the package {error.name}; {install('mlflow')}.") from None
    return mlflow.MlflowClient()


@contextmanager
def _told(what: str) -> Iterator[None]:
    """What MLflow refuses, or who does not answer, in a sentence."""
    _client()
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        told = str(error).splitlines()[0].rstrip(".")
        if error.error_code in MISSING:
            raise UnknownModel(f"{os.environ[URI]} does not have {what}: {told}.") from None
        raise Unavailable(f"{os.environ[URI]} does not do it for {what}: {told}.") from None
