"""The config files that ship."""

import importlib

import pytest

from parley import config
from parley.model import ModelRef, find
from parley.stage import Stage
from tests.contract.source import ROOT

STAGES = sorted(path.parent.name for path in (ROOT / "services").glob("*/stage.py"))


@pytest.mark.parametrize("stage", STAGES)
def test_a_shipped_config_loads(stage: str) -> None:
    """Every key of a stage's file is known, and the models it names lie in the repository."""
    declared: Stage = importlib.import_module(f"services.{stage}.stage").STAGE
    settings = config.load(declared.config, ROOT / f"deploy/config/{stage}.toml", {})
    present = find(ROOT / settings.models_root, stage)
    assert settings.models
    assert {ModelRef.of(each) for each in settings.models} <= set(present)


def test_no_two_processes_share_a_port() -> None:
    """All shipped services can run on one machine."""
    taken: list[str] = []
    for stage in STAGES:
        declared: Stage = importlib.import_module(f"services.{stage}.stage").STAGE
        settings = config.load(declared.config, ROOT / f"deploy/config/{stage}.toml", {})
        taken += [settings.listen, settings.telemetry.metrics]
    assert len(set(taken)) == len(taken)
