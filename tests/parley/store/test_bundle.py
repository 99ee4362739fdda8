"""A version as one file: what was exported is imported, and what was changed on its way is not."""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from parley.engines.model import read_spec
from parley.errors import BadInput
from parley.store import bundle
from parley.store.bundle import LIST


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "model"
    made.mkdir()
    (made / "a.onnx").write_bytes(b"weights" * 1000)
    (made / "CARD.md").write_text("# card")
    total = hashlib.sha256(b"weights" * 1000).hexdigest()
    head = 'name = "a"\nversion = "1"\nstage = "denoise"\nbackend = "onnx"\n'
    (made / "model.toml").write_text(f'{head}[files]\n"a.onnx" = "{total}"\n')
    return made


def unpacked(file: Path, out: Path) -> list[str]:
    out.mkdir()
    with bundle.opened(file) as (listed, archive):
        bundle.unpack(archive, listed, out, file)
    return sorted(path.name for path in out.iterdir())


def test_what_is_exported_is_imported(folder: Path, tmp_path: Path) -> None:
    """The same bytes; and the same version gives the same file, whoever writes it and when."""
    total = bundle.write(folder, tmp_path / "a.parley")
    assert unpacked(tmp_path / "a.parley", tmp_path / "out") == ["CARD.md", "a.onnx", "model.toml"]
    assert read_spec(tmp_path / "out").bytes_of("a.onnx") == b"weights" * 1000
    assert bundle.write(folder, tmp_path / "b.parley") == total == bundle.sum_of(tmp_path / "a.parley")
    bundle.check_sum(tmp_path / "a.parley", total)
    with pytest.raises(BadInput, match="is another file than was meant"):
        bundle.check_sum(tmp_path / "a.parley", "0" * 64)


def test_a_version_that_was_changed_is_not_exported(folder: Path, tmp_path: Path) -> None:
    """Nobody gets bytes that model.toml does not declare."""
    (folder / "a.onnx").write_bytes(b"other")
    with pytest.raises(BadInput, match=r"is not the file that model\.toml declares"):
        bundle.write(folder, tmp_path / "a.parley")
    assert not list(tmp_path.glob("*.parley*"))


def rewritten(file: Path, change: Callable[[tarfile.TarInfo, bytes], tuple[tarfile.TarInfo, bytes] | None]) -> Path:
    """Another file, in which members were changed."""
    out = file.with_name("changed.parley")
    with tarfile.open(file) as old, tarfile.open(out, "w") as new:
        for member in old.getmembers():
            data = old.extractfile(member)
            assert data
            changed = change(member, data.read())
            if changed:
                changed[0].size = len(changed[1])
                new.addfile(changed[0], io.BytesIO(changed[1]))
    return out


def _renamed(member: tarfile.TarInfo, data: bytes) -> tuple[tarfile.TarInfo, bytes]:
    if member.name == LIST:
        listed = json.loads(data)
        listed["files"][0]["name"] = "../../escaped"
        data = json.dumps(listed).encode()
    return member, data


def _linked(member: tarfile.TarInfo, data: bytes) -> tuple[tarfile.TarInfo, bytes]:
    if member.name == "a.onnx":
        member.type, member.linkname, data = tarfile.SYMTYPE, "/etc/passwd", b""
    return member, data


CHANGES: dict[str, tuple[Callable[[tarfile.TarInfo, bytes], tuple[tarfile.TarInfo, bytes] | None], str]] = {
    "a byte": (lambda m, d: (m, d.replace(b"weights", b"Weights", 1)), "has changed on its way"),
    "a file less": (lambda m, d: None if m.name == "a.onnx" else (m, d), "lacks a.onnx, model.toml|lacks a.onnx"),
    "a link": (_linked, "which its list does not have so"),
    "a way out": (_renamed, "has a list of files that cannot be read"),
    "no list": (lambda m, d: None if m.name == LIST else (m, d), "is no exported model"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_was_changed_on_its_way_is_refused(folder: Path, tmp_path: Path, what: str) -> None:
    """In one sentence, and nothing is written outside."""
    bundle.write(folder, tmp_path / "a.parley")
    change, told = CHANGES[what]
    with pytest.raises(BadInput, match=told):
        unpacked(
            rewritten(tmp_path / "a.parley", change), tmp_path / "deep" if what == "a way out" else tmp_path / "out"
        )
    assert not list(tmp_path.rglob("escaped"))


@pytest.mark.parametrize("length", [0, 100, 600, 3000, 8000])
def test_half_a_file_is_refused(folder: Path, tmp_path: Path, length: int) -> None:
    """Wherever it ends."""
    bundle.write(folder, tmp_path / "a.parley")
    (tmp_path / "half").write_bytes((tmp_path / "a.parley").read_bytes()[:length])
    with pytest.raises(BadInput):
        unpacked(tmp_path / "half", tmp_path / "out")
