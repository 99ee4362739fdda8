"""Options of every stage and backend: whatever stands in a model.toml is read, or refused in a sentence."""

import dataclasses
import importlib
import typing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.config import Within
from parley.engines import backends, options
from parley.engines.declared import BACKENDS
from parley.engines.model import read_spec
from parley.errors import BadModel
from tests.contract.source import ROOT

EMBEDDED = sorted(path.parent for path in (ROOT / "models/embedded").glob("*/*/*/model.toml"))
STAGES = ("asr", "denoise", "diarize", "translate")
# The audit's own, and others like them.
ODD = [0, -1, 1, 10**6, 10**9, 2**70, 1e-9, -1e-9, 1e300, float("nan"), float("inf"), True, "", "0", "5", "x" * 5000]
ODD += ["\0", "../x", [], [[]], [1], ["a"], {}, {"a": 1}, [{"name": "h"}], {"a": {"b": []}}]


def of(stage: str) -> Any:
    """The stage's dataclass."""
    return getattr(importlib.import_module(f"services.{stage}.options"), f"{stage.capitalize()}Options")


def declared(stage: str) -> list[str]:
    """Every option of a stage and of each backend."""
    kinds = [of(stage), *(backends.load(name).Options for name in BACKENDS)]
    return sorted({field.name for kind in kinds for field in dataclasses.fields(kind)})


@pytest.mark.parametrize("folder", EMBEDDED, ids=lambda path: "-".join(path.parts[-3:]))
def test_what_ships_is_read(folder: Path) -> None:
    """The models of the repository say nothing that is not known."""
    spec = read_spec(folder)
    assert of(spec.stage).of(spec)


@pytest.mark.parametrize("folder", EMBEDDED, ids=lambda path: "-".join(path.parts[-3:]))
def test_no_option_breaks_a_reader(folder: Path) -> None:
    """Any value of any option, of the right kind or not: read, or BadModel that names the file. Nothing else."""
    spec = read_spec(folder)
    names = st.sampled_from([*declared(spec.stage), "hopp", "", "a.b"])

    @settings(max_examples=300, deadline=None)
    @given(st.dictionaries(names, st.sampled_from(ODD), max_size=3))
    def read(odd: dict[str, Any]) -> None:
        told = ""
        try:
            of(spec.stage).of(replace(spec, options={**spec.options, **odd}))
        except BadModel as refused:
            told = str(refused)
        assert not told or (str(folder) in told and len(told) < 2000)

    read()


@pytest.mark.parametrize("stage", STAGES)
def test_an_option_that_nobody_knows_is_refused(stage: str) -> None:
    """With the nearest one that is known, whether the stage knows it or the backend."""
    spec = read_spec(ROOT / "models/embedded" / stage / "echo/1")
    for wrong, right in (("busy_ss", "busy_s"), ("outpts", "outputs")):
        with pytest.raises(BadModel, match=rf"`options\.{wrong}` is not known; did you mean `options\.{right}`\?"):
            of(stage).of(replace(spec, options={**spec.options, wrong: 1}))


def numbers(kind: Any) -> list[str]:
    """Fields that hold a number without bounds."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return [name for name, hint in hints.items() if _unbounded(hint)]


def _unbounded(hint: Any) -> bool:
    if dataclasses.is_dataclass(hint):
        return bool(numbers(hint))
    if typing.get_origin(hint) is typing.Annotated:
        return not isinstance(typing.get_args(hint)[1], Within)
    return hint in (int, float) or any(map(_unbounded, typing.get_args(hint)))


@pytest.mark.parametrize("kind", [*map(of, STAGES), *(backends.load(name).Options for name in BACKENDS)])
def test_every_number_has_bounds(kind: Any) -> None:
    """A number that nobody thought of hangs or kills the process some day."""
    assert numbers(kind) == []


def test_a_table_is_read_once() -> None:
    """Streams begin often; a copy with other options is read by itself."""
    spec = read_spec(ROOT / "models/embedded/diarize/echo/1")
    kind = of("diarize")
    assert options.read(kind, spec) is options.read(kind, spec)
    assert options.read(kind, replace(spec, options={**spec.options, "window_s": 2.0})).window_s == 2.0
