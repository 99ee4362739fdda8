"""model.toml and CARD.md of a model that was fetched: what it is, from where, how sure. Must not know a stage."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from parley.engines.trust import FIRST_USE, PINNED
from parley.store.catalogue import Entry

TOML, CARD = "model.toml", "CARD.md"


@dataclass(frozen=True)
class Origin:
    """Where a model's bytes are from."""

    name: str  # in the catalogue
    line: str  # the source
    revision: str = ""
    trust: str = PINNED

    @property
    def table(self) -> dict[str, str]:
        """For model.toml."""
        known = {"catalogue": self.name, "from": self.line, "revision": self.revision, "trust": self.trust}
        return {key: value for key, value in known.items() if value} | {"fetched": f"{datetime.now(UTC):%Y-%m-%d}"}


def write(folder: Path, entry: Entry, sums: Mapping[str, str], origin: Origin) -> None:
    """Both files."""
    import tomlkit

    (folder / TOML).write_text(tomlkit.dumps(_table(entry, sums, origin)), "utf-8")
    (folder / CARD).write_text(card(entry, sums, origin), "utf-8")


def _table(entry: Entry, sums: Mapping[str, str], origin: Origin) -> dict[str, Any]:
    head: dict[str, Any] = {"name": entry.ref.name, "version": entry.ref.version, "stage": entry.stage}
    head |= {"backend": entry.backend, "license": entry.license, "sample_rate_hz": entry.sample_rate_hz}
    tables = {"source": origin.table, "files": dict(sums), "graphs": entry.graphs, "options": entry.options}
    return {**head, "languages": list(entry.languages), **{key: table for key, table in tables.items() if table}}


def card(entry: Entry, sums: Mapping[str, str], origin: Origin) -> str:
    """For people."""
    sure = "the catalogue had their sums before" if origin.trust == PINNED else "believed when they came first"
    lines = [f"# {entry.model}", "", f"{entry.about}.", "", f"- licence of the weights: {entry.license}"]
    lines += [f"- about the licence: {entry.license_note}"] if entry.license_note else []
    lines += [f"- from: `{origin.line}`" + (f", revision `{origin.revision}`" if origin.revision else "")]
    lines += [f"- the bytes: {sure} ({origin.trust if origin.trust == FIRST_USE else PINNED})", "", "| file | sha256 |"]
    return "\n".join([*lines, "|---|---|", *(f"| {name} | `{total}` |" for name, total in sums.items()), ""])
