"""Models that can be fetched by a name: catalogue.toml, ours and one's own. Must not know how they are fetched."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parley import config
from parley.engines.model import FILE, RATE_HZ, SHA256, ModelRef
from parley.errors import BadConfig, BadInput
from parley.nearest import advice
from parley.store.pick import names
from parley.store.sources import check

PROFILES = "profiles"  # the one table that is no model


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One model that others publish."""

    model: str  # name@version, which it gets here
    stage: str
    about: str
    license: str  # of the weights
    license_note: str = ""  # what is not sure about it
    megabytes: int  # to be fetched
    memory_mb: int = 0  # while it loads; 0: not known
    languages: tuple[str, ...] = ()
    hardware: str = "two CPU cores"  # that it wants for live speech
    sources: tuple[str, ...]  # of the same bytes, in the order in which they are tried
    sha256: dict[str, str]  # of its files, parts joined; empty: not known, and believed when it is fetched first
    backend: str = "ctranslate2"
    sample_rate_hz: int = RATE_HZ
    graphs: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)  # of its model.toml

    def __post_init__(self) -> None:
        ModelRef.of(self.model)
        for source in self.sources:
            check(source)
        for name, total in self.sha256.items():
            if not all(map(re.compile(FILE).fullmatch, names(name))):
                raise BadConfig(f"`sha256` has {name!r}; name files by letters, digits and ._+-.")
            if total and not SHA256.fullmatch(total):
                raise BadConfig(f"`sha256` has {total!r} for {name}; write 64 digits of 0-9a-f, or nothing.")

    @property
    def ref(self) -> ModelRef:
        """Name and version."""
        return ModelRef.of(self.model)

    @property
    def is_pinned(self) -> bool:
        """Whether every file's sum is known."""
        return all(self.sha256.values())


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Models for a kind of machine, and aliases that lead to them."""

    about: str
    models: tuple[str, ...]  # names of entries
    routes: dict[str, str] = field(default_factory=dict)  # alias -> name@version


@dataclass(frozen=True)
class Catalogue:
    """Every entry and every profile by its name."""

    entries: Mapping[str, Entry]
    profiles: Mapping[str, Profile]

    def entry(self, name: str) -> Entry | None:
        """By the entry's name, or the model's, with its version or without."""
        by_model = [e for e in self.entries.values() if name in (e.model, e.ref.name)]
        return self.entries.get(name) or next(iter(by_model), None)

    def known(self, name: str) -> Entry:
        """The same; refuses a name that is not known."""
        if found := self.entry(name):
            return found
        raise BadInput(f"The catalogue does not have {name}; {advice(name, self.entries)}")

    def profile(self, name: str) -> Profile:
        """One of them; refuses a name that is not known."""
        if name not in self.profiles:
            raise BadInput(f"There is no profile {name!r}; {advice(name, self.profiles, 'there are {}.')}")
        return self.profiles[name]


def read(path: Path, *own: Path) -> Catalogue:
    """All of it; `own` are files whose entries stand instead of those of the same name, and need not exist."""
    found = [_tables(path), *(_tables(each) for each in own if each.exists())]
    profiles = {name: table for each in found for name, table in each.pop(PROFILES, {}).items()}
    tables = {name: table for each in found for name, table in each.items()}
    entries = {name: config.build(Entry, table, name) for name, table in tables.items()}
    return Catalogue(entries, {n: config.build(Profile, table, f"{PROFILES}.{n}") for n, table in profiles.items()})


def _tables(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BadConfig(f"The catalogue {path} cannot be read ({error.strerror}); install Parley again.") from None
    except tomllib.TOMLDecodeError as error:
        raise BadConfig(f"The catalogue {path} is not TOML: {error}.") from None
