"""What a request says beside its path: form, query and JSON in one shape. Must not know HTTP or a stage."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from parley.errors import FieldInvalid
from parley.nearest import advice


@dataclass(frozen=True)
class Fields:
    """Names and values, and the one file. A name that is given more than once has a list."""

    values: Mapping[str, object] = field(default_factory=dict)
    upload: bytes | None = None
    name: str = ""  # of the file, as its sender calls it

    def file(self) -> bytes:
        """The recording."""
        if self.upload is None:
            raise FieldInvalid("There is no recording; send one as the form field `file`.", field="file")
        return self.upload

    def unknown(self, known: Iterable[str]) -> list[str]:
        """The field names that are none of these; name[] and name[key] belong to name."""
        names = set(known)
        return [name for name in self.values if name.partition("[")[0] not in names]

    def only(self, known: Iterable[str]) -> None:
        """Refuses field names that are none of these: a mistyped name must not be ignored."""
        names = list(known)
        if (strange := next(iter(self.unknown(names)), None)) is not None:
            raise FieldInvalid(f"There is no field `{strange}`; {advice(strange, names)}", field=strange)

    def text(self, name: str, default: str = "") -> str:
        """One string."""
        value = self.values.get(name, default)
        if not isinstance(value, str):
            raise FieldInvalid(f"`{name}` must be given once, as a string.", field=name)
        return value

    def texts(self, name: str) -> list[str]:
        """Several strings, however a client spells an array: name, name[], or both."""
        given = [self.values[key] for key in (name, f"{name}[]") if key in self.values]
        flat = [each for value in given for each in (value if isinstance(value, list) else [value])]
        if not all(isinstance(each, str) for each in flat):
            raise FieldInvalid(f"`{name}` must be a string or a list of strings.", field=name)
        return [str(each) for each in flat]

    def flag(self, name: str) -> bool:
        """True or false; absent is false."""
        given = self.values.get(name)
        value = str(given).lower() if isinstance(given, bool) else self.text(name).lower()
        if value not in ("", "0", "false", "1", "true"):
            raise FieldInvalid(f"`{name}` is {value!r}; say true or false.", field=name)
        return value in ("1", "true")

    def number(self, name: str, lowest: float, highest: float) -> float:
        """A number within bounds; absent is 0."""
        given = self.values.get(name, "")
        try:
            value = float(
                given if isinstance(given, int | float) and not isinstance(given, bool) else self.text(name) or 0
            )
        except (ValueError, OverflowError):  # no number, or one of more digits than a float holds
            value = math.nan
        if not lowest <= value <= highest:
            raise FieldInvalid(
                f"`{name}` is {self.values[name]!r}; give a number from {lowest:g} to {highest:g}.", field=name
            )
        return value

    def count(self, name: str, highest: int) -> int:
        """A whole number that is not negative; absent is 0."""
        value = self.number(name, 0, highest)
        if value != int(value):
            raise FieldInvalid(f"`{name}` is {value:g}; give a whole number.", field=name)
        return int(value)

    def choice(self, name: str, allowed: tuple[str, ...]) -> str:
        """One of these; absent is the first."""
        value = self.text(name) or allowed[0]
        if value not in allowed:
            raise FieldInvalid(f"`{name}` is {value!r}; say one of {', '.join(allowed)}.", field=name)
        return value
