"""The text of a routes file. What changes is changed in place: comments, order and spacing stay an operator's own.

Pure. Must not know what a route is.
"""

from collections.abc import Mapping, MutableMapping
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from parley.errors import BadConfig


def parsed(text: str) -> dict[str, Any]:
    """The tables in it, as plain values."""
    return _document(text).unwrap()


def rewritten(text: str, tables: Mapping[str, Any]) -> str:
    """The text, so that it says these tables."""
    document = _document(text)
    for alias in [alias for alias in document if alias not in tables]:
        del document[alias]
    for alias, table in tables.items():
        if alias not in document:
            document[alias] = tomlkit.table()
        _fit(document[alias], table)
    return document.as_string()


def _document(text: str) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise BadConfig(f"it is not TOML: {error}") from None


def _fit(held: MutableMapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Touches only what differs: whatever is written again loses its comment."""
    for key in [key for key in held if key not in wanted]:
        del held[key]
    for key, value in wanted.items():
        if isinstance(held.get(key), MutableMapping) and isinstance(value, Mapping):
            _fit(held[key], value)
        elif key not in held or held[key] != value:
            held[key] = _item(value)


def _item(value: Any) -> Any:
    """Tables inside a route are written on one line, as the documentation does."""
    if isinstance(value, Mapping):
        inline = tomlkit.inline_table()
        inline.update({key: _item(each) for key, each in value.items()})
        return inline
    if isinstance(value, list | tuple):
        array = tomlkit.array()
        array.extend(map(_item, value))
        return array
    if value is None:
        raise BadConfig("A route holds a null, which no routes file can say; leave the key out.")
    return value
