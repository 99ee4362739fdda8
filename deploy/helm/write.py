"""Writes the chart's objects, values and their schema from deploy/kubernetes: `make helm`.

The base and what each component changes in it, as kubectl's own kustomize renders them; lists of named things are kept
by name, so that a template can merge them. Tests hold that what is committed is what this gives, and that Helm makes
the same objects of it.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

CHART = Path(__file__).parent / "parley"
KUBERNETES = Path(__file__).parents[1] / "kubernetes"
KUBECTL = Path(sys.executable).parent / "kubectl"
COMPONENTS = sorted(path.parent.name for path in KUBERNETES.glob("components/*/kustomization.yaml"))
NAMED = {"containers": "name", "initContainers": "name", "volumes": "name"}
NAMED |= {"env": "name", "ports": "name", "volumeMounts": "mountPath"}
WRITTEN = "# Written by `make helm` from deploy/kubernetes; change it there.\n"
Tree = dict[str, Any]


def render(component: str = "") -> dict[str, Tree]:
    """The base, alone or with a component: its objects by kind and name."""
    with tempfile.TemporaryDirectory(dir=KUBERNETES) as folder:  # kustomize knows only paths from where it is
        components = [f"../components/{component}"] if component else []
        Path(folder, "kustomization.yaml").write_text(json.dumps({"resources": ["../base"], "components": components}))
        done = subprocess.run((KUBECTL, "kustomize", folder), capture_output=True, text=True, timeout=60, check=True)
    text = re.sub(r"parley-gateway-[a-z0-9]{10}\b", "parley-gateway", done.stdout)  # Helm has no hashes in names
    return {f"{each['kind']}/{each['metadata']['name']}": by_name(each) for each in yaml.safe_load_all(text)}


def by_name(thing: Tree) -> Tree:
    """A deployment with maps instead of lists of named things; anything else as it is."""
    return thing if thing["kind"] != "Deployment" else {key: _mapped(key, value) for key, value in thing.items()}


def _mapped(key: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {each: _mapped(each, it) for each, it in value.items()}
    if key not in NAMED:
        return value
    return {it[NAMED[key]]: {k: _mapped(k, v) for k, v in it.items() if k != NAMED[key]} for it in value}


def changes(before: Tree, after: Tree) -> Tree:
    """What has to be merged into one to get the other; null takes something away."""
    changed: Tree = dict.fromkeys(set(before) - set(after))
    for key, value in after.items():
        if key not in before:
            changed[key] = value
        elif isinstance(value, dict) and isinstance(before[key], dict):
            if inner := changes(before[key], value):
                changed[key] = inner
        elif value != before[key]:
            changed[key] = value
    return changed


def about(component: str) -> str:
    """What it is for: the first sentence of its file."""
    text = (KUBERNETES / "components" / component / "kustomization.yaml").read_text("utf-8")
    comment = " ".join(re.match(r"(# .*\n)+", text)[0].replace("# ", "").split())  # type: ignore[index]
    return re.split(r"(?<=[.:;]) ", comment)[0].rstrip(".:;")


def values(base: dict[str, Tree]) -> str:
    """What people set, with what it is while they do not."""
    lines = [
        WRITTEN.rstrip(),
        "image:",
        '  registry: ""  # before parley/asr, parley/gateway...',
        '  tag: ""  # a release; without one the cluster takes `latest`',
        "  pullPolicy: IfNotPresent",
        "host: parley.example.com  # by which callers come: routes and certificates",
        "components:",
        *(f"  {name}: false  # {about(name)}" for name in COMPONENTS),
        "models:",
        '  claim: ""  # with the component models: a PersistentVolumeClaim that keeps what was fetched',
        "processes:",
    ]
    for name, deployment in _processes(base):
        (container,) = deployment["spec"]["template"]["spec"]["containers"].values()
        lines += [
            f"  {name}:",
            f"    replicas: null  # {deployment['spec']['replicas']}",
            f"    resources: {{}}  # {json.dumps(container['resources'])}",
            "    env: {}  # every key of its config, as PARLEY_SECTION__KEY",
        ]
    lines += [
        "# Merged into the objects as objects/*.yaml has them: lists of named things by name; null takes away.",
        "objects: {}",
    ]
    return "\n".join(lines) + "\n"


def _processes(base: dict[str, Tree]) -> Iterable[tuple[str, Tree]]:
    return ((key.partition("/")[2], each) for key, each in sorted(base.items()) if each["kind"] == "Deployment")


def schema(base: dict[str, Tree]) -> str:
    """What Helm holds values against: an unknown name is an error."""
    text, flag, free = {"type": "string"}, {"type": "boolean"}, {"type": "object"}
    process = _closed({"replicas": {"type": ["integer", "null"], "minimum": 0}, "resources": free, "env": free})
    known = {
        "image": _closed({"registry": text, "tag": {"type": ["string", "number"]}, "pullPolicy": text}),
        "host": text,
        "components": _closed(dict.fromkeys(COMPONENTS, flag)),
        "models": _closed({"claim": text}),
        "processes": _closed({name: process for name, _ in _processes(base)}),
        "objects": free,
        "global": free,  # Helm's own
    }
    return json.dumps({"$schema": "http://json-schema.org/draft-07/schema#", **_closed(known)}, indent=1) + "\n"


def _closed(properties: Tree) -> Tree:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def texts() -> dict[Path, str]:
    """Every file, and what it has to hold."""
    base = render()
    parts = {"base": base, **{name: changes(base, render(name)) for name in COMPONENTS}}
    return {
        CHART / "values.yaml": values(base),
        CHART / "values.schema.json": schema(base),
        **{CHART / f"objects/{name}.yaml": WRITTEN + yaml.safe_dump(part, width=1000) for name, part in parts.items()},
    }


if __name__ == "__main__":
    for path, text in texts().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
