"""Where models lie on this machine, and what may be put there: what the commands of the store share."""

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from parley.errors import UnknownModel
from parley.places import EMBEDDED, Places, places, stages_of

if TYPE_CHECKING:
    from parley.engines.surroundings import Surroundings
    from parley.engines.trust import TrustConfig
    from parley.store.installed import Installed

Root = Annotated[str, typer.Option("--root", metavar="FOLDER", help="The folder of models; else the service's own.")]
Configs = Annotated[str, typer.Option("--config", metavar="FOLDER", help="Of the services; as `parley up --config`.")]
Stage = Annotated[str, typer.Option("--stage", help="E.g. asr: which is meant where several have the name.")]
Name = Annotated[str, typer.Argument(metavar="NAME[@VERSION]", help="A version that lies here.")]


@dataclass(frozen=True)
class Store:
    """The folders of models of one installation."""

    where: Places
    configs: Path
    root: str = ""

    def own(self, stage: str) -> Path:
        """Where a stage's models are put: its folder lies in it."""
        own = self._table(stage).get("models_root", "")
        own = own[0] if isinstance(own, list) and own else own
        return Path(self.root).resolve() if self.root else self.where.home / str(own) if own else self.where.models

    @property
    def roots(self) -> list[Path]:
        """Where models are looked for: first what was added, then what ships."""
        first = [Path(self.root).resolve()] if self.root else [self.own(stage) for stage in self.stages]
        return list(dict.fromkeys((*first, *self.where.model_folders)))

    @property
    def stages(self) -> list[str]:
        """Those that have a config."""
        return stages_of(self.configs)

    @property
    def embedded(self) -> Path:
        """What ships."""
        return self.where.tree / EMBEDDED

    def installed(self) -> "list[Installed]":
        """Every version that lies here."""
        from parley.store.installed import installed

        return installed(self.roots, self.embedded)

    def find(self, name: str, stage: str = "") -> "Installed":
        """One of them."""
        from parley.store import catalogue
        from parley.store.installed import the_one

        try:
            return the_one(self.installed(), name, stage)
        except UnknownModel:
            if catalogue.read(*self.where.catalogues).entry(name) is None:
                raise
            raise UnknownModel(f"No {name} lies here yet; `parley models pull {name}` fetches it.") from None

    def trust(self, stage: str) -> "TrustConfig":
        """What the stage's service asks of a model, in its config or by PARLEY_<STAGE>__TRUST__POLICY."""
        from parley import config
        from parley.engines.trust import TrustConfig

        return config.overlaid(TrustConfig, self._table(stage).get("trust") or {}, _own(stage, "TRUST__"), "trust")

    def around(self, stage: str) -> "Surroundings":
        """What the stage's service would give a model of it: other models, and the servers that its config names."""
        from parley import config
        from parley.engines.surroundings import Surroundings, check_servers

        table = {"servers": self._table(stage).get("servers") or {}}
        own = {name: text for name, text in _own(stage).items() if name.startswith("PARLEY_SERVERS__")}
        named = config.overlaid(Surroundings, table, own, "")
        check_servers(named.servers)
        return Surroundings(tuple(self.roots), named.servers)

    def _table(self, stage: str) -> dict[str, Any]:
        path = self.configs / f"{stage}.toml"
        return tomllib.loads(path.read_text("utf-8")) if path.exists() else {}


def _own(stage: str, table: str = "") -> dict[str, str]:
    """What `PARLEY_<STAGE>__...` says to this stage's service alone, as its own process reads it."""
    mark = f"PARLEY_{stage.upper()}__{table}"
    return {f"PARLEY_{name.removeprefix(mark)}": text for name, text in os.environ.items() if name.startswith(mark)}


def store(root: str = "", configs: str = "") -> Store:
    """Of this installation."""
    where = places()
    return Store(where, Path(configs) if configs else where.configs, root)


def megabytes(size: int) -> str:
    """For people."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"
