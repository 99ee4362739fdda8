"""What may lie in a model's folder: regular files, no more of them than can be read."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from parley.engines import files, weights
from parley.errors import BadModel

Made = Callable[[Path], object]
LINK = "is a link; put the file itself there"
BAD: dict[str, tuple[Made, str]] = {
    "a link to a device": (lambda path: path.symlink_to("/dev/zero"), LINK),
    "a link to a neighbour's file": (lambda path: path.symlink_to("/etc/hostname"), LINK),
    "a link to itself": (lambda path: path.symlink_to(path), LINK),
    "a pipe": (os.mkfifo, "is not a regular file"),
    "a folder": (lambda path: path.mkdir(), "Is a directory"),
    "nothing": (lambda path: None, r"cannot be read \(No such file or directory\); restore the file"),
}


@pytest.mark.parametrize("what", BAD)
@pytest.mark.timeout(20)
def test_what_is_no_file_is_refused(tmp_path: Path, what: str) -> None:
    """At once, and by name: a device has no end, and a pipe is waited for."""
    make, told = BAD[what]
    make(tmp_path / "model.bin")
    for reading in (files.read, weights.read):
        with pytest.raises(BadModel, match=told) as refused:
            reading(tmp_path / "model.bin")
        assert "model.bin" in str(refused.value)


def test_a_file_is_only_so_large(tmp_path: Path) -> None:
    """A sparse file of a terabyte is not read, and a model.toml is a small one."""
    (tmp_path / "model.bin").touch()
    os.truncate(tmp_path / "model.bin", 1 << 40)
    with pytest.raises(BadModel, match="1099511627776 bytes, and 68719476736 is the most"):
        files.read(tmp_path / "model.bin")


def test_a_link_is_refused_though_it_stays_in_the_folder(tmp_path: Path) -> None:
    """What it leads to may be another file tomorrow; the folder itself may be reached by a link."""
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "real").write_bytes(b"weights")
    (tmp_path / "here" / "model.bin").symlink_to("real")
    (tmp_path / "there").symlink_to("here")
    assert files.read(tmp_path / "there" / "real") == b"weights"
    with pytest.raises(BadModel, match="is a link"):
        files.read(tmp_path / "there" / "model.bin")
