"""Folders for what comes, locked between processes, and one rename into place."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from parley.errors import BadInput, Unavailable
from parley.store import incoming
from parley.store.incoming import INCOMING, MODEL, collect, free, put, remove


def version(models: Path) -> Path:
    with incoming.incoming(models, "a") as at:
        (at / MODEL).mkdir()
        (at / MODEL / "model.toml").write_text("x" * 100)
        return put(at / MODEL, models / "a" / "1")


def test_a_model_is_there_at_once_or_not_at_all(tmp_path: Path) -> None:
    """And nothing else stays; a place that is taken is refused."""
    place = version(tmp_path)
    assert [path.name for path in place.iterdir()] == ["model.toml"]
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    with pytest.raises(BadInput, match="is there already"):
        free(place)
    with pytest.raises(BadInput, match="is there already"):
        version(tmp_path)


def test_what_breaks_off_is_kept_and_what_is_wrong_is_not(tmp_path: Path) -> None:
    """A download that broke off goes on; wrong input leaves nothing."""
    for error, name, stays in (
        (BadInput, "whole", False),
        (Unavailable, "whole", True),
        (KeyboardInterrupt, "whole", True),
        (BadInput, "some.part", True),
    ):
        with pytest.raises(error):
            broken(tmp_path, error, name)
        assert (tmp_path / INCOMING).exists() is stays
        collect(tmp_path)


def broken(models: Path, error: type[BaseException], name: str) -> None:
    with incoming.incoming(models, "a") as at:
        (at / name).write_text("x")
        raise error("")


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    """Its lock is gone with it; what it left is collected, what a living one holds is not."""
    held = (
        "import sys, time; from pathlib import Path; from parley.store.incoming import incoming\n"
        f"with incoming(Path({str(tmp_path)!r}), 'a') as at:\n"
        "    (at / 'x').write_text('x' * 10); print('in', flush=True); time.sleep(600)"
    )
    with subprocess.Popen((sys.executable, "-c", held), stdout=subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.readline()
        assert collect(tmp_path) == 0
        child.kill()
        child.wait()
    assert collect(tmp_path) == 10
    assert not (tmp_path / INCOMING).exists()


def test_the_second_waits_for_the_first(tmp_path: Path) -> None:
    """And is told; the first tidies up meanwhile, which is no harm."""
    waited, order = threading.Event(), list[str]()

    def second() -> None:
        with incoming.incoming(tmp_path, "a", waited.set):
            order.append("second")

    thread = threading.Thread(target=second)
    with incoming.incoming(tmp_path, "a"):
        thread.start()
        assert waited.wait(20)
        order.append("first")
    thread.join(20)
    assert order == ["first", "second"]
    assert list(tmp_path.iterdir()) == []


def test_a_version_is_removed_whole(tmp_path: Path) -> None:
    """Its files and its empty folder; its neighbours stay."""
    place = version(tmp_path)
    (tmp_path / "a" / "2").mkdir()
    assert remove(tmp_path, place) == 100
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["2"]
    assert not (tmp_path / INCOMING).exists()
