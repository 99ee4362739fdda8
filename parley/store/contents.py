"""A folder, a wheel or a zip -> the files of the one model in it. Must not know a network."""

from pathlib import Path, PurePosixPath
from typing import IO

from parley.errors import BadInput
from parley.store.members import FolderMembers, Members, members
from parley.store.parts import whole_of

WEIGHTS = "model.bin"
VOCABULARIES = ("vocabulary.json", "vocabulary.txt")
NEEDED = ("config.json", "tokenizer.json")
WANTED = ("preprocessor_config.json", "model.toml")
KNOWN = (*NEEDED, *VOCABULARIES, *WANTED, WEIGHTS)  # the small ones first: what is missing shows early


class Contents:
    """Files that lie beside each other: in the one folder that has weights."""

    def __init__(self, held: Members) -> None:
        folder = _model_folder([PurePosixPath(path) for path in held.sizes], held.where)
        self._members, self._folder = held, folder
        self.where = str(held.folder / folder) if isinstance(held, FolderMembers) else held.where
        paths = {path.name: str(path) for path in map(PurePosixPath, held.sizes) if path.parent == folder}
        self.sizes = {name: held.sizes[path] for name, path in paths.items()}

    def copy(self, name: str, file: IO[bytes]) -> None:
        """Append one of them."""
        for piece in self._members.read(str(self._folder / name)):
            file.write(piece)


def contents(source: Path) -> Contents:
    """What a folder or an archive has."""
    return Contents(members(source))


def _model_folder(paths: list[PurePosixPath], where: str) -> PurePosixPath:
    """Where the weights lie, or a part of them; else where other files of a model do; else the top."""
    with_weights = {path.parent for path in paths if whole_of(path.name) == WEIGHTS}
    top = PurePosixPath()
    if top in with_weights:
        return top
    if len(with_weights) > 1:
        named = ", ".join(sorted(map(str, with_weights))[:5])
        raise BadInput(f"{where} holds {len(with_weights)} models ({named}); name one of them.")
    others = {path.parent for path in paths if path.name in KNOWN}
    return next(iter(with_weights or (others if len(others) == 1 else {top})))
