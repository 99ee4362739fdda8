"""What foreign clients call a model -> what we call it. Pure."""

from collections.abc import Mapping
from fnmatch import fnmatchcase


def ours(name: str, aliases: Mapping[str, str]) -> str:
    """The first pattern that fits says which; our own names, and none at all, stay as they are."""
    if not name or "@" in name or "/" in name:
        return name
    return next((meant for pattern, meant in aliases.items() if fnmatchcase(name, pattern)), name)
