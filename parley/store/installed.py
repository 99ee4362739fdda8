"""Which versions lie on this machine: those that were added, and those that ship. Must not know what runs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from parley.engines import semantic
from parley.engines.model import ModelRef, ModelSpec, read_spec
from parley.errors import BadInput, ParleyError, UnknownModel
from parley.nearest import advice
from parley.store.incoming import INCOMING, size_of


@dataclass(frozen=True)
class Installed:
    """One version."""

    stage: str
    ref: ModelRef
    folder: Path
    ships: bool  # with Parley, and is not to be removed
    is_hidden: bool  # the same version lies in a folder that goes before
    fault: str = ""  # why it cannot be read

    @property
    def spec(self) -> ModelSpec:
        """What its model.toml says."""
        return read_spec(self.folder)

    @property
    def size(self) -> int:
        """Bytes."""
        return size_of(self.folder)


def installed(roots: Sequence[Path], embedded: Path) -> list[Installed]:
    """All of them, in the order in which they are looked for."""
    seen, found = set[tuple[str, str, str]](), []
    for root in roots:
        for path in sorted(root.glob("*/*/*/model.toml"), key=_order):
            stage, name, version = path.parts[-4:-1]
            if INCOMING in path.parts:
                continue
            key = (stage, name, version)
            fault = _fault(path.parent)
            found.append(Installed(stage, ModelRef(name, version), path.parent, root == embedded, key in seen, fault))
            seen.add(key)
    return found


def _order(path: Path) -> tuple[object, ...]:
    stage, name, version = path.parts[-4:-1]
    return stage, name, semantic.order(version)


def _fault(folder: Path) -> str:
    try:
        read_spec(folder)
    except ParleyError as error:
        return str(error)
    return ""


def the_one(found: Sequence[Installed], name: str, stage: str = "") -> Installed:
    """The version that is meant: NAME@VERSION, or NAME where there is one; with its stage where several have it."""
    near = [each for each in found if not each.is_hidden and (not stage or each.stage == stage)]
    right = list(_named(near, name))
    if len(right) > 1:
        told = ", ".join(f"{each.stage} {each.ref}" for each in right)
        raise BadInput(f"{name} may be {told}; say which, with --stage and @VERSION.")
    if not right:
        raise UnknownModel(f"No {name} lies here; {advice(name, [str(each.ref) for each in near], 'there are {}.')}")
    return right[0]


def _named(found: Sequence[Installed], name: str) -> Iterator[Installed]:
    return (each for each in found if name in (str(each.ref), each.ref.name))
