"""Where a model came from: data hashes, `model.toml`. Knows nothing of training or of any one stage."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

# What we may say about the folders we train on; a folder not listed here is the runner's own.
LICENCES = {
    "librispeech-mini": "CC-BY-4.0",
    "ami-mini": "CC-BY-4.0",
    "an4": "CMU-AN4",
    "fsdd": "CC-BY-SA-4.0",
    "common-voice-mini": "CC0-1.0",
    "tatoeba": "CC-BY-2.0-FR",
    "speechocean762": "free for any purpose, by its README",
    **dict.fromkeys(("asterisk-en", "asterisk-fr", "asterisk-es"), "CC-BY-SA-3.0"),
    **dict.fromkeys(("asterisk-it", "asterisk-ru"), "CC-BY-3.0"),
    "blanket": "CC0-1.0, CC-BY-3.0 and public domain, each recording its own",
    "speech-commands-noise": "CC-BY-4.0",
    "opsound-music": "CC-BY-SA-3.0",
    "sonic-pi-samples": "CC0-1.0",
}
HEAD = ("name", "version", "stage", "backend", "license", "sample_rate_hz", "languages")


@dataclass(frozen=True)
class Manifest:
    """One embedded model, as `model.toml` tells it."""

    name: str
    version: str
    stage: str
    backend: str
    license: str
    sample_rate_hz: int  # zero: it hears nothing
    languages: Sequence[str]
    files: Sequence[str]
    training: Mapping[str, Any]
    metrics: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    graphs: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """What `folder` says of itself."""
        found = tomllib.loads((folder / "model.toml").read_text(encoding="utf-8"))
        absent = {"sample_rate_hz": 0, "languages": [], "training": {}}
        return cls(**{**absent, **found, "files": list(found.get("files", ()))})

    def judged(self, scores: Mapping[str, Any]) -> Manifest:
        """The same with new scores; what export found stays."""
        return replace(self, metrics={"export": self.metrics["export"], **scores})

    def write(self, folder: Path) -> Path:
        """Hash the files in `folder` and write its `model.toml`."""
        head = {key: getattr(self, key) for key in HEAD if key != "sample_rate_hz" or self.sample_rate_hz}
        hashes = {name: file_hash(folder / name) for name in self.files}
        graphs = {"graphs": self.graphs} if self.graphs else {}
        tables = {
            "files": hashes,
            **graphs,
            "training": self.training,
            "metrics": self.metrics,
            "options": self.options,
        }
        text = lines(head) + "".join(table(name, values) for name, values in tables.items())
        (folder / "model.toml").write_text(text)
        return folder / "model.toml"

    def publish(self, folder: Path, card: Callable[[Manifest], str]) -> None:
        """Write manifest and card: the card says nothing that `model.toml` does not."""
        self.write(folder)
        (folder / "CARD.md").write_text(card(Manifest.read(folder)), encoding="utf-8")


def file_hash(path: Path) -> str:
    """The sha256 of one file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def folder_hash(folder: Path) -> str:
    """One hash over the names and contents of all files, in order of name."""
    total = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        total.update(f"{path.relative_to(folder)} {file_hash(path)}\n".encode())
    return total.hexdigest()


def describe(folders: Sequence[Path]) -> list[dict[str, str]]:
    """Name, licence and hash of each data folder, for `training.data`."""
    return [{"name": f.name, "license": LICENCES.get(f.name, "unstated"), "sha256": folder_hash(f)} for f in folders]


def listed(sources: Sequence[Mapping[str, str]]) -> str:
    """The same for people: a line each."""
    return "\n".join(f"- {s['name']} ({s['license']}), sha256 of the folder `{s['sha256'][:16]}...`" for s in sources)


def table(name: str, values: Mapping[str, Any]) -> str:
    """A TOML table; nested mappings become tables of their own, after the plain values."""
    plain = {key: value for key, value in values.items() if not isinstance(value, Mapping)}
    nested = {key: value for key, value in values.items() if isinstance(value, Mapping)}
    return (
        f"\n[{name}]\n"
        + lines(plain)
        + "".join(table(f"{name}.{k if bare(k) else json.dumps(k)}", v) for k, v in nested.items())
    )


def lines(values: Mapping[str, Any]) -> str:
    """Key and value, one a line."""
    return "".join(f"{json.dumps(key) if not bare(key) else key} = {toml(value)}\n" for key, value in values.items())


def bare(key: str) -> bool:
    """Whether TOML takes the key without quotes."""
    return key.replace("_", "").replace("-", "").isalnum() and key.isascii()


def toml(value: Any) -> str:
    """TOML for what a manifest holds. JSON strings, numbers and booleans are already TOML."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{k if bare(k) else json.dumps(k)} = {toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(toml(item) for item in value) + "]"
    if isinstance(value, float):
        return repr(float(f"{value:.6g}"))
    return json.dumps(value)
