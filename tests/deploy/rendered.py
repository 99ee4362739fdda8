"""Kubernetes objects as they would be sent, rendered by kubectl's own kustomize and Helm's own library."""

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from tests.deploy import chart

ROOT = Path(__file__).parents[2]
STAGES = sorted(path.parent.name for path in (ROOT / "services").glob("*/stage.py"))
KUBERNETES = ROOT / "deploy/kubernetes"
HAS_HELM = find_spec("helm_python") is not None
KUBECTL = Path(sys.executable).parent / "kubectl"
COMPONENTS = sorted(path.parent.name for path in KUBERNETES.glob("components/*/kustomization.yaml"))
OVERLAYS = sorted(path.parent.name for path in KUBERNETES.glob("overlays/*/kustomization.yaml"))

Thing = dict[str, Any]


def render(folder: Path) -> list[Thing]:
    """The objects of a folder with a kustomization."""
    done = subprocess.run((KUBECTL, "kustomize", str(folder)), capture_output=True, text=True, timeout=60)
    assert not done.returncode, done.stderr
    return list(yaml.safe_load_all(done.stdout))


@cache
def rendered(kind: str, name: str) -> tuple[Thing, ...]:
    """An overlay, or the base with one component; or the chart with it."""
    if kind == "chart":
        return tuple(charted({"components": {name: True} if name else {}}))
    if kind == "overlays":
        return tuple(render(KUBERNETES / kind / name))
    with tempfile.TemporaryDirectory(dir=KUBERNETES) as folder:  # kustomize knows only paths from where it is
        text = yaml.safe_dump({"resources": ["../base"], "components": [f"../components/{name}"] if name else []})
        Path(folder, "kustomization.yaml").write_text(text)
        return tuple(render(Path(folder)))


def charted(values: Mapping[str, Any]) -> list[Thing]:
    """The chart's objects with these values, rendered by Helm's own library."""
    return [
        thing
        for name, text in chart.charted(values).items()
        if name.endswith(".yaml")
        for thing in yaml.load_all(text, yaml.CSafeLoader)
        if thing
    ]


def of(things: tuple[Thing, ...], kind: str) -> dict[str, Thing]:
    """Those of one kind, by name."""
    return {each["metadata"]["name"]: each for each in things if each["kind"] == kind}


def pod_of(deployment: Thing) -> Thing:
    pod: Thing = deployment["spec"]["template"]["spec"]
    return pod
