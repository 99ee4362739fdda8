"""`parley models show`: everything that is known of a model, here or in the catalogue. Must not know how it is run."""

from typing import TYPE_CHECKING, Any

from parley.cli import options
from parley.cli.commands.models.here import Configs, Name, Root, Stage, Store, megabytes, store
from parley.cli.show.printing import print_json, print_line
from parley.errors import UnknownModel

if TYPE_CHECKING:
    from parley.store.catalogue import Entry
    from parley.store.installed import Installed


def show(
    name: Name, stage: Stage = "", root: Root = "", configs: Configs = "", as_json: options.AsJson = False
) -> None:
    """Say what a model is, whose terms it has, where it comes from, and how sure its bytes are."""
    facts = _facts(store(root, configs), name, stage)
    if as_json:
        return print_json(facts)
    width = max(map(len, facts))
    for key, value in facts.items():
        for line in _lines(value):
            print_line(f"{key.replace('_', ' ').ljust(width)}  {line}")
            key = ""
    return None


def _facts(here: Store, name: str, stage: str) -> dict[str, Any]:
    from parley.store import catalogue

    try:
        return _lying(here.find(name, stage))
    except UnknownModel:
        entry = catalogue.read(*here.where.catalogues).entry(name)
        if entry is None:
            raise
        return _listed(name, entry)


def _lying(found: "Installed") -> dict[str, Any]:
    from parley.engines import trust

    spec = found.spec
    facts: dict[str, Any] = {"model": str(spec.ref), "stage": spec.stage, "backend": spec.backend}
    facts |= {"license": spec.license or "not said", "languages": list(spec.languages)}
    facts |= {"sample_rate_hz": spec.sample_rate_hz, "bytes": found.size, "folder": str(spec.folder)}
    facts |= {"trust": trust.of(spec, ships=found.ships), "digest": spec.digest, "source": dict(spec.source)}
    return facts | {"files": dict(spec.files), "options": dict(spec.options)}


def _listed(name: str, entry: "Entry") -> dict[str, Any]:
    facts = {**vars(entry), "pull": f"parley models pull {name}"}
    return {key: value for key, value in facts.items() if value not in ("", (), {}, 0)}


def _lines(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [f"{key} = {each}" for key, each in value.items()] or ["none"]
    if isinstance(value, (list, tuple)):
        return [", ".join(map(str, value)) or "any"]
    return [megabytes(value) if isinstance(value, int) and value > 1_000_000 else str(value)]
