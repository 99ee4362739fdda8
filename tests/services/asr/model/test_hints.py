"""Prompts and phrases on a real recording: a name that the model gets wrong by itself is right when it is hinted at."""

import pytest

from parley.audio import media
from parley.audio.pcm import RATE_HZ
from parley.engines.model import ModelSpec, read_spec
from parley.engines.protocols import Engine
from parley.v1 import asr_pb2 as v1
from services.asr.model.engine import open_engine
from services.asr.stage import AsrServiceConfig, begin
from services.asr.utterance import PendingJob, Recognition
from tests.contract.source import ROOT
from tests.services.play import of, play

FOLDER = ROOT / "models/embedded/asr/whisper-tiny.en-live/1"
CLIP = ROOT / "examples/introduction.flac"  # "My name's Adam Duguid, ..."
NAME = "Adam Duguid"
SETTINGS = AsrServiceConfig(listen="", models=())

Opened = tuple[ModelSpec, Engine[PendingJob, list[Recognition]]]


@pytest.fixture(scope="module")
def opened() -> Opened:
    spec = read_spec(FOLDER)
    return spec, open_engine(spec).model


def said(opened: Opened, **hints: object) -> str:
    spec, engine = opened
    sound = media.read(CLIP.read_bytes(), 60.0, RATE_HZ).data
    finals = of(v1.Transcript, play(begin(v1.AsrConfig(**hints), spec, SETTINGS), engine, [sound]))  # type: ignore[arg-type]
    return " ".join(final.text for final in finals if final.is_final)


def test_without_hints_the_name_is_wrong(opened: Opened) -> None:
    """Else the other tests would prove nothing; every other word is there."""
    text = said(opened)
    assert NAME not in text
    assert "because of real reaction" in text.lower()


@pytest.mark.parametrize(
    "hints", [{"phrases": [NAME]}, {"phrases": ["Edinburgh", NAME]}, {"prompt": f"{NAME} speaks."}], ids=str
)
def test_a_hint_mends_the_name(opened: Opened, hints: dict[str, object]) -> None:
    """Phrases are what OpenAI's keywords[] and Riva's speech contexts become; a prompt is text from before."""
    text = said(opened, **hints)
    assert NAME in text
    assert "because of real reaction" in text.lower()


def test_a_hint_at_what_is_not_said_puts_no_words_in_the_mouth(opened: Opened) -> None:
    """It is a hint, no order."""
    text = said(opened, phrases=["Kubernetes", "gRPC"])
    assert "because of real reaction" in text.lower()
    assert "Kubernetes" not in text
    assert "gRPC" not in text
