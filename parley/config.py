"""One TOML file and the environment -> one frozen dataclass. Must not know what the keys mean.

`PARLEY_BATCH__MAX_SIZE=8` overrides `max_size` in `[batch]`. A key that no dataclass has is a start-up error.
"""

import os
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

from parley.errors import BadConfig
from parley.nearest import advice

PREFIX = "PARLEY_"
NO_KEYS = ("PARLEY_API_KEY", "PARLEY_HOME")  # read elsewhere: by clients, and by parley/places.py
Config = TypeVar("Config")


def load(kind: type[Config], path: Path | None, env: Mapping[str, str] | None = None) -> Config:
    """Read the file, lay the environment over it, check every key and type."""
    table = _read(path) if path else {}
    _overlay(table, os.environ if env is None else env, [field.name for field in fields(typing.cast(Any, kind))])
    return build(kind, table)


def build(kind: type[Config], table: Mapping[str, Any], where: str = "") -> Config:
    """A table as a dataclass, every key and type checked; `where` is the table's own name."""
    return _build(kind, dict(table), where)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise BadConfig(f"There is no config file {path}; name one with --config.") from None
    except OSError as error:
        raise BadConfig(f"{path} cannot be read ({error.strerror}); name another with --config.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
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
        raise BadConfig(f"[{where}] must be a table, not {table!r}.")
    known = {field.name: field for field in fields(typing.cast(Any, kind))}
    for key in table:
        if key not in known:
            raise BadConfig(_unknown(key, where, list(known)))
    missing = [n for n, f in known.items() if n not in table and f.default is MISSING and f.default_factory is MISSING]
    if missing:
        raise BadConfig(f"The config lacks `{_join(where, missing[0])}`.")
    hints = typing.get_type_hints(kind)
    return kind(**{key: _convert(hints[key], value, _join(where, key)) for key, value in table.items()})


def _unknown(key: str, where: str, known: list[str]) -> str:
    full = [_join(where, each) for each in sorted(known)]
    return f"The config key `{_join(where, key)}` is not known; {advice(_join(where, key), full)}"


def _join(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


def _convert(hint: Any, value: Any, where: str) -> Any:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if isinstance(value, _Written):
        value = value.read(hint)
    if is_dataclass(hint):
        return _build(typing.cast(type, hint), value, where)
    if origin is tuple and isinstance(value, str):
        value = [each.strip() for each in value.split(",") if each.strip()]
    if origin is tuple and isinstance(value, list):
        return tuple(_convert(inner[0], each, where) for each in value)
    if origin is dict and isinstance(value, dict):
        return {key: _convert(inner[1], each, _join(where, key)) for key, each in value.items()}
    if origin is types.UnionType:
        return _convert(inner[0], value, where)
    return _scalar(origin or hint, value, where)


def _scalar(kind: type, value: Any, where: str) -> Any:
    if kind is float and type(value) is int:
        return float(value)
    if kind is Path and isinstance(value, str):
        return Path(value)
    if kind is str and type(value) in (int, float):
        return str(value)
    if type(value) is not kind:
        raise BadConfig(f"`{where}` must be a {kind.__name__}, not {value!r}.")
    return value
