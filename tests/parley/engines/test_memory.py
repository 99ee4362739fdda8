"""How much memory is left, and that a model which needs more is refused before it is loaded."""

from pathlib import Path

import pytest

from parley.engines import backends, memory
from parley.errors import TooLittleMemory
from tests.parley.backends.tiny import spec
from tests.parley.backends.whisper import whisper_files


def system(folder: Path, kib: int) -> Path:
    file = folder / "meminfo"
    file.write_text(f"MemTotal:  9 kB\nMemAvailable:  {kib} kB\n")
    return file


@pytest.mark.parametrize(
    ("files", "left"),
    [
        ({}, 4096_000),
        ({"memory.max": "max", "memory.current": "9"}, 4096_000),
        ({"memory.max": "1000", "memory.current": "900"}, 100),
        ({"memory.max": "1000", "memory.current": "900", "memory.stat": "anon 1\ninactive_file 50"}, 150),
        ({"memory/memory.limit_in_bytes": "500", "memory/memory.usage_in_bytes": "600"}, 0),
        ({"memory/memory.limit_in_bytes": str(1 << 62), "memory/memory.usage_in_bytes": "600"}, 4096_000),
    ],
)
def test_the_tighter_limit_counts(tmp_path: Path, files: dict[str, str], left: int) -> None:
    """A container may leave less than the machine has; what only caches files can go."""
    (tmp_path / "memory").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert memory.available(system(tmp_path, 4000), tmp_path) == left


def test_who_does_not_tell_is_not_asked(tmp_path: Path) -> None:
    """On a system without these files everything is tried."""
    assert memory.available(tmp_path / "none", tmp_path) is None


def test_a_model_that_does_not_fit_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence says how much is needed and how much there is; nothing of the file has been loaded."""
    files = whisper_files(tmp_path, ["a"])
    model = spec(tmp_path, "ctranslate2", files, architecture="whisper")
    monkeypatch.setattr(memory, "available", lambda: len(files["model.bin"]))
    monkeypatch.setattr(type(model), "bytes_of", lambda *_: pytest.fail("it was read"))
    with pytest.raises(TooLittleMemory, match=r"needs about .* GiB of memory while it loads, and .* GiB are left"):
        backends.generator(model)
