"""Where Parley's own files lie, and where those go that it writes. Must not know what is in them.

The tree (services, gateway, deploy/config, models, with the same relative paths everywhere) is the repository
that this package lies in, else the package `parley_server` that the extra `serve` installs. What is written goes where
the repository always had it, else under `$PARLEY_HOME` or the folders that XDG names.
"""

import importlib.util
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from parley.errors import BadInput
from parley.extras import install

CONFIGS, EMBEDDED, CATALOGUE = Path("deploy/config"), Path("models/embedded"), Path("models/catalogue.toml")
ADDED = Path("models/added")  # in the repository, which git does not look into
GATEWAY, JOBS = "gateway", "jobs"  # processes that are no stages
SERVER = "parley_server"  # the package that carries the tree
HOME = "PARLEY_HOME"
LONGEST_FOLDER = 64  # with a socket's folder and name behind it: a path has 107 bytes at most on Linux, 103 elsewhere


@dataclass(frozen=True)
class Places:
    """Every folder and file that depends on how Parley was installed."""

    tree: Path
    home: Path  # where processes run: a config's relative `routes_file` and `keys_file` are in it
    logs: Path
    models: Path  # where models are put that were pulled, added or imported

    @property
    def reports(self) -> Path:
        """Where `parley loadtest sla` puts a folder a run."""
        return self.logs.parent / "sla"

    @property
    def configs(self) -> Path:
        """One file a process."""
        return self.tree / CONFIGS

    @property
    def catalogue(self) -> Path:
        """Which models can be fetched by a name."""
        return self.tree / CATALOGUE

    @property
    def catalogues(self) -> tuple[Path, ...]:
        """The same, and beside added models a file of one's own, whose entries go first."""
        return (self.catalogue, self.models / CATALOGUE.name)

    @property
    def model_folders(self) -> tuple[Path, ...]:
        """Where services look for models: first what was added, then what ships."""
        return tuple(dict.fromkeys((self.models, self.tree / EMBEDDED)))

    @property
    def kept(self) -> Path:
        """Where processes keep what they must find again after a start."""
        return self.home if self.home != self.tree else self.tree / "build"

    @property
    def sockets(self) -> Path | None:
        """Where the sockets' folder is made; None: where the system keeps what is temporary."""
        return self.home if self.home != self.tree and len(os.fsencode(self.home)) <= LONGEST_FOLDER else None

    def environment(self, env: Mapping[str, str]) -> dict[str, str]:
        """Of a process that imports from the tree, and nothing from the folder that it runs in."""
        path = os.pathsep.join(filter(None, (str(self.tree), env.get("PYTHONPATH"))))
        return {**env, "PYTHONPATH": path, "PYTHONSAFEPATH": "1"}


def places(env: Mapping[str, str] | None = None) -> Places:
    """As this Parley is installed and this environment says."""
    env = os.environ if env is None else env
    checkout, given = _checkout(), env.get(HOME, "")
    tree = checkout or _installed()
    if checkout and not given:
        return Places(tree, tree, tree / "build/logs", tree / ADDED)
    home, data = _folder(given) if given else _state(env), _folder(given) if given else _data(env)
    return Places(tree, home, home / "logs", data / "models")


def stages_of(configs: Path) -> list[str]:
    """The stages that have a file in a folder of configs: one a process."""
    return sorted(path.stem for path in configs.glob("*.toml") if path.stem not in (GATEWAY, JOBS))


def keys_file(env: Mapping[str, str] | None = None) -> Path:
    """The file of API keys; also where no server is installed, so that a key can be made elsewhere."""
    env = os.environ if env is None else env
    checkout, given = _checkout(), env.get(HOME, "")
    home = _folder(given) if given else checkout / "build" if checkout else _state(env)
    return home / "keys.json"


def _checkout() -> Path | None:
    folder = Path(__file__).resolve().parents[1]
    return folder if (folder / CONFIGS / "gateway.toml").is_file() else None


def _installed() -> Path:
    found = importlib.util.find_spec(SERVER)
    if found is None or found.origin is None:
        raise BadInput(f"Only the client is installed here; to serve, {install('serve')}.")
    return Path(found.origin).resolve().parent


def _state(env: Mapping[str, str]) -> Path:
    return _folder(env.get("XDG_STATE_HOME") or "~/.local/state") / "parley"


def _data(env: Mapping[str, str]) -> Path:
    return _folder(env.get("XDG_DATA_HOME") or "~/.local/share") / "parley"


def _folder(text: str) -> Path:
    return Path(text).expanduser().absolute()
