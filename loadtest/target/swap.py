"""A new version of a model beside the old one, and the flip under load. Must not know who talks meanwhile."""

import asyncio
import re
import shutil
import tomllib
from pathlib import Path

from loadtest.target.processes import ROOT
from parley.client import Client
from parley.v1.models_pb2 import ModelsLoadRequest, ModelsRetireRequest

EMBEDDED = ROOT / "models/embedded"
AGAIN = "-again"  # what the twin of a version is called


def twins(folder: Path) -> Path:
    """A models folder with every version twice: as it is, and under another name."""
    for described in sorted(EMBEDDED.glob("*/*/*/model.toml")):
        version = described.parent
        place = folder / version.parent.relative_to(EMBEDDED)
        _twin(version, place / version.name, described.read_text("utf-8"))
        renamed = re.sub(r'(?m)^version = "(.*)"$', rf'version = "\1{AGAIN}"', described.read_text("utf-8"))
        _twin(version, place / f"{version.name}{AGAIN}", renamed)
    return folder


def _twin(version: Path, place: Path, described: str) -> None:
    place.mkdir(parents=True)
    for file in version.iterdir():
        if file.name != "model.toml":
            shutil.copyfile(file, place / file.name)  # a model's files lie in its folder
    (place / "model.toml").write_text(described, "utf-8")


class Swap:
    """Load the twin of what serves a stage, send new streams to it, retire the old one."""

    def __init__(self, grpc: str, settings: Path, routes: Path) -> None:
        self._grpc, self._routes = grpc, routes
        self._tables: dict[str, dict[str, int]] = tomllib.loads((settings / "gateway.toml").read_text())["routes"]

    def __call__(self, stage: str) -> None:
        """All of it; returns when the twin takes the new streams."""
        alias = f"{stage}/default"
        old = next(iter(self._tables[alias]))
        asyncio.run(self._load(stage, f"{old}{AGAIN}"))
        self._tables[alias] = {f"{old}{AGAIN}": 100}
        self._write()

    async def _load(self, stage: str, model: str) -> None:
        async with Client(self._grpc) as client:
            await client.models("Load", ModelsLoadRequest(model=model, make_default=True), stage)

    def retire(self, stage: str) -> None:
        """The old one goes when its last stream has ended."""
        new = next(iter(self._tables[f"{stage}/default"]))
        asyncio.run(self._retire(stage, new.removesuffix(AGAIN)))

    async def _retire(self, stage: str, model: str) -> None:
        async with Client(self._grpc) as client:
            await client.models("Retire", ModelsRetireRequest(model=model), stage)

    def _write(self) -> None:
        lines = [
            f'["{alias}"]\n' + "".join(f'"{model}" = {weight}\n' for model, weight in table.items())
            for alias, table in self._tables.items()
        ]
        new = self._routes.with_suffix(".new")
        new.write_text("\n".join(lines), "utf-8")
        new.replace(self._routes)
