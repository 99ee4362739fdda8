"""What the operator hides from everybody."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.caller import Caller
from gateway.config import GatewayConfig
from gateway.core import Core
from gateway.pipeline import redaction
from parley.cli import app
from parley.errors import BadConfig, Forbidden
from parley.v1.pipeline_pb2 import PipelineConfig
from parley.wire import keys

ASR: dict[str, tuple[str, ...]] = {"asr": ("unix:/nowhere",), "denoise": ("unix:/nowhere",)}


def core(*kinds: str) -> Core:
    return Core(GatewayConfig(upstreams=ASR, redact=kinds))


def hidden(here: Core, config: PipelineConfig) -> list[str]:
    here._pipeline(config, Caller())
    return list(config.redact)


async def test_every_pipeline_with_words_hides_it() -> None:
    """Beside what the request wants hidden, each kind once; sound has no words."""
    here = core("card", "iban")
    assert hidden(here, PipelineConfig(asr={})) == ["card", "iban"]
    assert hidden(here, PipelineConfig(asr={}, redact=["email", "card"])) == ["email", "card", "iban"]
    assert hidden(here, PipelineConfig(denoise={})) == []
    assert hidden(core(), PipelineConfig(asr={})) == []


async def nothing() -> AsyncIterator[bytes]:
    yield b""


async def test_a_stage_with_words_is_not_had_alone() -> None:
    """It would say everything."""
    with pytest.raises(Forbidden, match="card are hidden here"):
        async with core("card").open("asr", nothing(), Caller()):
            pass


async def test_a_kind_that_is_not_there_is_told_at_the_start() -> None:
    """Nobody believes that it is hidden."""
    with pytest.raises(BadConfig, match=r"did you mean `card`\?"):
        core("crad")


async def test_a_key_may_hide_more(tmp_path: Path) -> None:
    """From whoever shows it, beside what everybody lacks; it may have no words of a stage alone."""
    text, key = keys.make("ann", [keys.USE])
    keys.write(tmp_path / "keys.json", [replace(key, redact=("email",))])
    here = Core(GatewayConfig(upstreams=ASR, redact=("card",), keys_file=str(tmp_path / "keys.json")))
    ann, config = Caller({"authorization": f"Bearer {text}"}), PipelineConfig(asr={})
    here._pipeline(config, ann)
    assert list(config.redact) == ["card", "email"]
    with pytest.raises(Forbidden, match="card, email are hidden here"):
        async with here.open("asr", nothing(), ann):
            pass


def test_a_key_cannot_hide_what_is_not_found(tmp_path: Path) -> None:
    """The command refuses it, and so does a gateway that reads such a file."""
    done = CliRunner().invoke(app, ["keys", "add", "ann", "--redact", "crad", "--file", str(tmp_path / "keys.json")])
    assert "did you mean `card`?" in done.output
    keys.write(tmp_path / "keys.json", [replace(keys.make("ann", [keys.USE])[1], redact=("crad",))])
    with pytest.raises(BadConfig, match="'ann' is to be without crad"):
        Core(GatewayConfig(upstreams=ASR, keys_file=str(tmp_path / "keys.json")))


def test_what_keys_may_hide_is_what_is_found() -> None:
    """The command cannot ask the gateway which kinds there are."""
    assert set(keys.HIDDEN) == set(redaction.KINDS)
