"""The config files that ship."""

import importlib

import pytest

from parley import config
from parley.engines.model import ModelRef, locate
from parley.serving.stage import Stage
from tests.contract.source import ROOT

STAGES = sorted(path.parent.name for path in (ROOT / "services").glob("*/stage.py"))


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("folder", ["config", "echo"])
def test_a_shipped_config_loads(folder: str, stage: str) -> None:
    """Every key of a stage's file is known, and the models it names lie in the repository."""
    declared: Stage = importlib.import_module(f"services.{stage}.stage").STAGE
    settings = config.load(declared.config, ROOT / f"deploy/{folder}/{stage}.toml", {})
    assert settings.models
    for each in settings.models:
        assert locate([ROOT / root for root in settings.models_root], stage, ModelRef.of(each)).stage == stage


def test_no_two_processes_share_a_port() -> None:
    """All shipped services can run on one machine."""
    taken: list[str] = []
    for stage in STAGES:
        declared: Stage = importlib.import_module(f"services.{stage}.stage").STAGE
        settings = config.load(declared.config, ROOT / f"deploy/config/{stage}.toml", {})
        taken += [settings.listen, settings.telemetry.metrics]
    assert len(set(taken)) == len(taken)
