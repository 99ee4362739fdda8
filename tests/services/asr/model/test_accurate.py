"""Whisper base as `parley models add accurate` brings it, on French and German: skipped where nobody has added it."""

from collections.abc import Sequence
from typing import Any

import pytest

from parley.audio import media
from parley.engines.model import ModelRef, ModelSpec, locate
from parley.errors import UnknownModel
from parley.places import places
from parley.serving.stage import ServiceConfig
from parley.v1 import asr_pb2 as v1
from parley.v1 import translate_pb2
from services.asr.model.engine import AsrEngine, open_engine
from services.asr.stage import AsrServiceConfig, begin
from services.translate.engine import open_engine as open_translator
from services.translate.session import KnownText
from services.translate.stage import begin as begin_translation
from tests.contract.source import ROOT
from tests.services.play import of, play

SETTINGS = AsrServiceConfig(listen="", models=())
TALK = media.read((ROOT / "examples/french.flac").read_bytes(), 60.0, 16_000).data
CHUNKS = [TALK[at : at + 3200] for at in range(0, len(TALK), 3200)]


@pytest.fixture(scope="module")
def spec() -> ModelSpec:
    try:
        return locate(places().model_folders, "asr", ModelRef("whisper-base", "1"))
    except UnknownModel:
        pytest.skip("whisper-base@1 is not here; `parley models add accurate` fetches it.")


@pytest.fixture(scope="module")
def engine(spec: ModelSpec) -> AsrEngine:
    return open_engine(spec).model  # type: ignore[return-value]


def heard(spec: ModelSpec, engine: AsrEngine, items: Sequence[bytes], **config: Any) -> list[v1.Transcript]:
    return of(v1.Transcript, play(begin(v1.AsrConfig(**config), spec, SETTINGS), engine, items))


def test_a_recording_is_heard_in_its_language(spec: ModelSpec, engine: AsrEngine) -> None:
    """Nobody says that it is French, and nobody needs to."""
    said = heard(spec, engine, [TALK], recording=True)
    assert {each.language for each in said} == {"fr"}
    assert min(each.language_confidence for each in said) > 0.5
    text = " ".join(each.text for each in said)
    assert "la seule personne" in text
    assert "les appels non identifiés" in text


def test_german_is_heard_live_as_in_a_recording(spec: ModelSpec, engine: AsrEngine) -> None:
    """Two read sentences, all of their words, in German from the first final on."""
    talk = media.read((ROOT / "examples/german.flac").read_bytes(), 60.0, 16_000).data
    pieces = [talk[at : at + 3200] for at in range(0, len(talk), 3200)]
    for items, recording in (([talk], True), (pieces, False)):
        said = heard(spec, engine, items, recording=recording)
        assert {each.language for each in said} == {"de"}
        text = " ".join(each.text for each in said).replace(",", "")
        assert "Europa und Asien zusammengenommen wird auch als Eurasien bezeichnet" in text
        assert "Plan hat ja toll geklappt" in text


def test_a_live_stream_stays_in_its_language(spec: ModelSpec, engine: AsrEngine) -> None:
    """From the second utterance on all interims are in the language of the first, and nothing wrong is promised."""
    said = heard(spec, engine, CHUNKS, interim_results=True)
    first = next(n for n, each in enumerate(said) if each.is_final)
    assert {each.language for each in said[first:]} == {"fr"}
    assert {each.language for each in said if each.committed_characters} == {"fr"}


def test_what_was_heard_is_translated(spec: ModelSpec, engine: AsrEngine) -> None:
    """French speech becomes English text, from the language that was heard."""
    finals = heard(spec, engine, [TALK], recording=True)
    model = locate(places().model_folders, "translate", ModelRef("nano-tatoeba", "1"))
    session = begin_translation(
        translate_pb2.TranslateConfig(target_language="en"), model, ServiceConfig(listen="", models=())
    )
    texts = [KnownText(each.text, each.language) for each in finals]
    said = of(translate_pb2.Translation, play(session, open_translator(model).model, texts))
    assert {each.source_language for each in said} == {"fr"}
    assert "the only" in " ".join(each.text for each in said)
