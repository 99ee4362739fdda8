"""The error tree, as it is drawn and as it is."""

import re

from parley import errors
from parley.errors import ParleyError
from parley.wire.error_names import tree

LINE = re.compile(r"^(?P<lead>[├└│─ ]*)(?P<name>[A-Z]\w+)(?:\s+(?P<code>[A-Z_]{6,}))?(?:\s+.*)?$")


def drawn() -> dict[str, tuple[str, str]]:
    """Name -> (parent's name, code), read from the docstring; a line without a code has its parent's."""
    path: list[tuple[str, str]] = []
    found = {}
    for line in (errors.__doc__ or "").splitlines()[2:]:
        if match := LINE.match(line):
            depth = len(match["lead"]) // 4
            parent, inherited = path[depth - 1] if depth else ("", "")
            path[depth:] = [(match["name"], match["code"] or inherited)]
            found[match["name"]] = (parent, match["code"] or inherited)
    return found


def test_the_drawing_shows_every_error() -> None:
    """The docstring's tree has the classes, parents and codes that the code has."""
    real = {
        kind.__name__: ("" if kind is ParleyError else kind.__bases__[0].__name__, kind.code.name)
        for kind in tree()
        if kind.__module__ == errors.__name__
    }
    assert drawn() == real


def test_reasons_are_unique() -> None:
    """A machine can tell every error from every other by its reason."""
    reasons = [kind.reason for kind in tree()]
    assert len(set(reasons)) == len(reasons)
    assert all(re.fullmatch(r"[A-Z][A-Z0-9_]+[A-Z0-9]", reason) for reason in reasons)
