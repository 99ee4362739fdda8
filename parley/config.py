"""One TOML file and the environment -> one frozen dataclass. Must not know what the keys mean.

`PARLEY_BATCH__MAX_SIZE=8` overrides `max_size` in `[batch]`. A key that no dataclass has is a start-up error, and so
is a value that is not of its field's type, which may be `Annotated[int, Within(1, 9)]` or `Literal["a", "b"]`.
"""

import os
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

from parley.errors import BadConfig
from parley.nearest import advice

PREFIX = "PARLEY_"
NO_KEYS = ("PARLEY_API_KEY", "PARLEY_HOME")  # read elsewhere: by clients, and by parley/places.py
Config = TypeVar("Config")
NAMES: dict[type, str] = {tuple: "list", dict: "table"}  # what TOML calls them
LARGEST = 1 << 63
LONGEST_SHOWN = 60  # characters


@dataclass(frozen=True)
class Within:
    """The least and the greatest number that a key may hold."""

    least: float
    most: float

    def __contains__(self, value: float) -> bool:
        return self.least <= value <= self.most


def load(kind: type[Config], path: Path | None, env: Mapping[str, str] | None = None) -> Config:
    """Read the file, lay the environment over it, check every key and type."""
    table = _read(path) if path else {}
    _overlay(table, os.environ if env is None else env, [field.name for field in fields(typing.cast(Any, kind))])
    return build(kind, table)


def build(kind: type[Config], table: Mapping[str, Any], where: str = "") -> Config:
    """A table as a dataclass, every key and type checked; `where` is the table's own name."""
    return _build(kind, dict(table), where)


def overlaid(kind: type[Config], table: Mapping[str, Any], env: Mapping[str, str], where: str) -> Config:
    """The same, with the environment laid over it, whose names are those of the table's keys behind PARLEY_."""
    laid = dict(table)
    _overlay(laid, env, [field.name for field in fields(typing.cast(Any, kind))])
    return build(kind, laid, where)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise BadConfig(f"There is no config file {path}; name one with --config.") from None
    except OSError as error:
        raise BadConfig(f"{path} cannot be read ({error.strerror}); name another with --config.") from None
    except (ValueError, RecursionError) as error:  # of TOML, of UTF-8, and of numbers without end
        raise BadConfig(f"{path} is not TOML: {error}.") from None


def _overlay(table: dict[str, Any], env: Mapping[str, str], known: list[str]) -> None:
    for name, text in sorted(env.items()):
        if name.startswith(PREFIX) and name not in NO_KEYS:
            *parents, key = name.removeprefix(PREFIX).lower().split("__")
            _check(name, (*parents, key)[0], known)
            place = table
            for parent in parents:
                place = place.setdefault(parent, {})
                if not isinstance(place, dict):
                    raise BadConfig(f"{name} reaches into `{parent}`, which is no table.")
            place[key] = _Written(text)


def _check(variable: str, key: str, known: list[str]) -> None:
    """Who starts several processes hands a variable to all of them."""
    if key not in known:
        own = f"{PREFIX}<PROCESS>__{variable.removeprefix(PREFIX)}"
        raise BadConfig(f"{variable}: {_unknown(key, '', known)} For one process of `parley up` write {own}.")


class _Written(str):
    """A value from the environment: what it is depends on what its key wants."""

    def read(self, hint: Any) -> Any:
        """TOML's reading; what TOML cannot read, or reads as anything else where a text is wanted, is a text."""
        try:
            value = tomllib.loads(f"value = {self}")["value"]
        except tomllib.TOMLDecodeError:
            return str(self)
        return str(self) if hint is str and not isinstance(value, str) else value


def _build(kind: type[Config], table: Any, where: str) -> Config:
    if not isinstance(table, dict):
        raise BadConfig(f"[{where}] must be a table, not {shown(table)}.")
    known = {field.name: field for field in fields(typing.cast(Any, kind))}
    for key in table:
        if key not in known:
            raise BadConfig(_unknown(key, where, list(known)))
    missing = [n for n, f in known.items() if n not in table and f.default is MISSING and f.default_factory is MISSING]
    if missing:
        raise BadConfig(f"The config lacks `{_join(where, missing[0])}`.")
    hints = typing.get_type_hints(kind, include_extras=True)
    return kind(**{key: _convert(hints[key], value, _join(where, key)) for key, value in table.items()})


def _unknown(key: str, where: str, known: list[str]) -> str:
    full = [_join(where, each) for each in sorted(known)]
    return f"The config key `{_join(where, key)}` is not known; {advice(_join(where, key), full)}"


def _join(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


def _convert(hint: Any, value: Any, where: str) -> Any:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return _bounded(inner[1], _convert(inner[0], value, where), where)
    if isinstance(value, _Written):
        value = value.read(hint)
    if is_dataclass(hint):
        return _build(typing.cast(type, hint), value, where)
    if origin is tuple and isinstance(value, str):
        value = [each.strip() for each in value.split(",") if each.strip()]
    if origin is tuple and isinstance(value, list):
        return _several(inner, value, where)
    if origin is dict and isinstance(value, dict):
        return {key: _convert(inner[1], each, _join(where, key)) for key, each in value.items()}
    if origin in (types.UnionType, typing.Union):
        return _convert(inner[0], value, where)
    if origin is typing.Literal:
        return _one_of(inner, value, where)
    return value if hint is Any else _scalar(origin or hint, value, where)


def _bounded(bounds: Within, value: Any, where: str) -> Any:
    if value not in bounds:
        raise BadConfig(f"`{where}` is {shown(value)}; write {bounds.least:g} to {bounds.most:g}.")
    return value


def _several(inner: tuple[Any, ...], values: list[Any], where: str) -> tuple[Any, ...]:
    """A list of any length, or of as many as the tuple has."""
    kinds = [inner[0]] * len(values) if inner[-1] is ... else list(inner)
    if len(kinds) != len(values):
        raise BadConfig(f"`{where}` must be a list of {len(kinds)}, not {shown(values)}.")
    return tuple(_convert(kind, each, where) for kind, each in zip(kinds, values, strict=True))


def _one_of(words: tuple[Any, ...], value: Any, where: str) -> Any:
    if value not in words:
        raise BadConfig(f"`{where}` is {shown(value)}; {advice(shown(value), words, 'write one of {}.')}")
    return value


def _scalar(kind: type, value: Any, where: str) -> Any:
    if kind is float and type(value) is int and abs(value) < LARGEST:
        return float(value)
    if kind is Path and isinstance(value, str):
        return Path(value)
    if kind is str and type(value) in (int, float):
        return shown(value)
    if type(value) in (int, float) and not abs(value) < LARGEST:
        raise BadConfig(f"`{where}` is {shown(value)}; write a finite number.")
    if type(value) is not kind:
        raise BadConfig(f"`{where}` must be a {NAMES.get(kind, kind.__name__)}, not {shown(value)}.")
    return value


def shown(value: object) -> str:
    """As a message shows it: short, whatever it is."""
    try:
        text = repr(value)
    except ValueError:  # Python writes no number of more than 4,300 digits
        return "a number without end"
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
