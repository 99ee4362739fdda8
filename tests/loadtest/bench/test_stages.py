"""The stage bench measures what it says, with models that have learnt nothing."""

import shutil
import sys
from pathlib import Path

import pytest

from loadtest.bench.stages import __main__ as bench
from loadtest.bench.stages import denoise, most, overhead, random_whisper, setup, shapes, translate
from loadtest.bench.stages.row import BenchRow, Skipped, markdown
from loadtest.bench.stages.setup import BenchSetup
from loadtest.promises import Verdict
from models.recipes.provenance import Manifest
from tests.contract.source import ROOT
from tests.parley.engines.backends.test_ctranslate2 import translator_files


@pytest.fixture
def echo(tmp_path: Path) -> BenchSetup:
    return BenchSetup(tmp_path, ROOT / "deploy/echo")


def test_a_miss_is_told_as_one() -> None:
    """The table for the docs says what was held and what was not, and nothing of what was not aimed at."""
    rows = [BenchRow("a", "b", "3", ">= 2", True), BenchRow("a", "b", "1", ">= 2", False), BenchRow("a", "b", "1")]
    assert [line.split(" | ")[-1] for line in markdown(rows).splitlines()[2:]] == ["held |", "**missed** |", " |"]


def test_an_echo_is_not_measured(echo: BenchSetup) -> None:
    """Where a config names no model the row says so."""
    with pytest.raises(Skipped, match="echo@1, which is no model"):
        translate.rows(echo)


def test_a_missing_reference_is_asked_for(echo: BenchSetup) -> None:
    """Whoever does not name the folder learns how to."""
    with pytest.raises(Skipped, match="REFERENCES=folder"):
        echo.reference(denoise.GTCRN)


@pytest.mark.parametrize("limit", [0, 4, 11, 100, 10_000])
def test_the_most_is_found(limit: int, echo: BenchSetup, monkeypatch: pytest.MonkeyPatch) -> None:
    """The largest size that holds, though a size may fail once; above the largest tried it is a lower bound."""
    tried: list[int] = []

    def verdict(address: str, promise: most.Promise, folder: Path, people: int) -> Verdict:
        tried.append(people)
        return Verdict.HELD if people <= limit and tried.count(people) > people % 2 else Verdict.BROKEN

    monkeypatch.setattr(most, "_verdict", verdict)
    found = most.most("", most.Promise("asr", "final", 1.0), setup.speech(), echo.folder / "said")
    assert found.people == max((size for size in most.SIZES if size <= limit), default=0)
    assert found.at_least == (limit > most.SIZES[-1])


def test_serving_costs_something(echo: BenchSetup, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service with the least of all graphs is asked, chunk by chunk and call by call; its graph is asked bare."""
    monkeypatch.setattr(setup, "ROUNDS", 1)
    monkeypatch.setattr(overhead, "CHUNKS", 5)
    monkeypatch.setattr(overhead, "CALLS", 3)
    rows = overhead.rows(echo)
    assert len(rows) == 2
    assert all(row.seen.startswith("p50 +") and row.held is not None for row in rows)


def test_a_translator_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model that the config names, through its service and bare."""
    monkeypatch.setattr(setup, "ROUNDS", 1)
    monkeypatch.setattr(translate, "EACH", 1)
    place = tmp_path / "models/translate/tiny/1"
    place.mkdir(parents=True)
    files = translator_files(tmp_path)
    for name, data in files.items():
        (place / name).write_bytes(data)
    options = {"tokens": "words", "compute_type": "float32", "max_pieces": 8}
    Manifest("tiny", "1", "translate", "ctranslate2", "", 0, ["en", "de"], list(files), {}, options=options).write(
        place
    )
    shutil.copy(ROOT / "deploy/echo/translate.toml", tmp_path)
    config = (tmp_path / "translate.toml").read_text("utf-8").replace("echo@1", "tiny@1")
    (tmp_path / "translate.toml").write_text(f'{config}models_root = "{tmp_path}/models"\n', "utf-8")
    (row,) = translate.rows(BenchSetup(tmp_path, tmp_path))
    assert float(row.seen.split(",")[0]) > 0
    assert float(row.beside.split(": ")[1]) > 0


def test_an_untaught_whisper_writes_as_much_as_it_may(tmp_path: Path) -> None:
    """Every shape takes as long as it would, because no answer ends early: bare and through our backend."""
    size = random_whisper.Size("small", 1, 2, 32)
    random_whisper.whisper(tmp_path / size.name, size, ["a", "b", "c"])
    sounds = shapes.sounds(5, 2)
    said = shapes.ours(tmp_path / size.name).generate(sounds, [random_whisper.PROMPT] * 2, shapes.HOW)
    assert [len(each.tokens) for each in said] == [shapes.TOKENS] * 2
    assert [len(each) for each in shapes.written(shapes.opened(tmp_path / size.name), sounds)] == [shapes.TOKENS] * 2


def test_one_stage_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`asr` stands for all of asr; what cannot be measured is told, and the run goes on."""
    monkeypatch.setattr(bench, "WRITTEN", tmp_path)
    monkeypatch.setattr(bench, "MAKERS", {**bench.MAKERS, "asr-shapes": lambda setup: [BenchRow("shapes", "", "")]})
    monkeypatch.setattr(sys, "argv", ["bench", "asr", "--settings", str(ROOT / "deploy/echo")])
    bench.main()
    rows = (tmp_path / "stages.md").read_text("utf-8").splitlines()[2:]
    assert [row.split(" ")[1] for row in rows] == ["asr-files", "asr-live", "shapes"]
    assert "not measured" in rows[0]
