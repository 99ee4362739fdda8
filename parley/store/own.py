"""A folder with a model.toml that somebody wrote -> a copy that has all sums. Must not know a stage."""

import hashlib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from parley.engines import files as engine_files
from parley.engines.model import FILE, SHA256, ModelSpec, read_spec
from parley.engines.signature import SIGNATURE
from parley.engines.trust import KEY, PINNED
from parley.errors import BadInput
from parley.store.files import check_disk, check_size

TOML, ALONG = "model.toml", ("CARD.md", SIGNATURE)
UNKNOWN = "<sha256>"  # as the guides write it: the sum is filled in


def copied(
    folder: Path, out: Path, name: str, version: str, most_bytes: int, origin: Mapping[str, str] | None = None
) -> ModelSpec:
    """Every file that it declares; a sum that is given must be right, and one that is not is taken."""
    import tomlkit

    text = engine_files.read(folder / TOML, engine_files.LARGEST_TEXT)
    table: dict[str, Any] = _table(text, folder)
    declared = table.get("files", {})
    names = [each for each in declared if FILE.fullmatch(each) and ".." not in each]
    size = sum((folder / each).stat().st_size for each in names if (folder / each).is_file())
    check_size(size, most_bytes, str(folder))
    check_disk(size, out)
    found = {each: _copy(folder / each, out / each) for each in names}
    wrong = [each for each, total in found.items() if SHA256.fullmatch(str(declared[each])) and declared[each] != total]
    if wrong:
        raise BadInput(
            f"{folder / wrong[0]} is not the file that model.toml declares (sha256 differs); mend one of them."
        )
    unknown = [each for each in names if str(declared[each]) in ("", UNKNOWN)]
    if not unknown and not name and not version and (folder / SIGNATURE).is_file():
        (out / TOML).write_bytes(text)  # as it was signed
    else:
        written = tomlkit.parse(text.decode())
        written.update({key: each for key, each in (("name", name), ("version", version)) if each})
        written.setdefault("source", {}).update(origin or {"from": str(folder), KEY: PINNED})
        for each in unknown:
            written["files"][each] = found[each]
        (out / TOML).write_text(tomlkit.dumps(written), "utf-8")
    for each in ALONG:
        if (folder / each).is_file():
            _copy(folder / each, out / each)
    return read_spec(out)


def _table(text: bytes, folder: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text.decode())
    except ValueError as error:
        raise BadInput(f"{folder / TOML} is not TOML: {error}.") from None


def _copy(source: Path, out: Path) -> str:
    digest = hashlib.sha256()
    with engine_files.opened(source) as file, out.open("wb") as copy:
        while piece := file.read(1 << 20):
            digest.update(piece)
            copy.write(piece)
    return digest.hexdigest()
