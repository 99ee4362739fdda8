"""The embedded model, as a real process: the service must not make it worse."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from models.recipes.translate.engine import Engine
from parley.v1 import translate_pb2 as v1
from tests.contract.source import ROOT
from tests.e2e.process import Running, running

FOLDER = ROOT / "models/embedded/translate/nano-tatoeba/1"
SENTENCES = (
    "Where is the train station?",
    "My brother works in Berlin, but he lives in Boston.",
    "I'd like a cup of coffee, please.",
    "It was raining, so we stayed at home and played cards until midnight.",
    "Do you know what time it is?",
    "She bought 3 apples and 12 pears.",
    "He asked me whether I had seen his keys.",
    "No, thank you.",
    "The children are playing in the garden.",
    "Why don't you come with us tomorrow?",
    "I have never been to Lisbon, and neither has Farouk.",
    'Tom said: "I\'m tired."',
)


@pytest.fixture(scope="module")
def bare() -> Engine:
    """The model without a service around it."""
    return Engine(FOLDER)


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Running]:
    async with running("translate", tmp_path, PARLEY_MODELS="nano-tatoeba@1") as started:
        yield started


async def pieces(service: Running, *texts: str, **config: Any) -> list[v1.Translation]:
    answers = await service.ask({"source_language": "en", "target_language": "de", **config}, texts)
    return [answer.translation for answer in answers if answer.HasField("translation")]


async def said(service: Running, *texts: str, **config: Any) -> str:
    return "".join(piece.text for piece in await pieces(service, *texts, **config))


@pytest.mark.parametrize("target", ["de", "fr"])
async def test_as_good_as_the_model(service: Running, bare: Engine, target: str) -> None:
    """Sixteen callers at once get, word for word, what the model says to each sentence alone."""
    alone = [bare.translate([sentence], target)[0] for sentence in SENTENCES]
    asked = [said(service, sentence, target_language=target) for sentence in SENTENCES * 3]
    assert await asyncio.gather(*asked) == alone * 3


async def test_a_text_is_its_sentences(service: Running) -> None:
    """A text in any chunks gives the translations of its sentences, with the space between them kept."""
    spaces = ["\n\n", "  ", "\t", " ", "\r\n", "\n", " ", "   ", "\n \n", " ", "\n", "\n"]
    text = "".join(map("".join, zip(SENTENCES, spaces, strict=True)))
    each = [await said(service, sentence) for sentence in SENTENCES]
    want = "".join(map("".join, zip(each, spaces, strict=True)))
    assert await said(service, text) == want
    assert await said(service, *(text[at : at + 7] for at in range(0, len(text), 7))) == want


async def test_phrases_stand(service: Running) -> None:
    """Whatever the model makes of the rest, a phrase stands in the answer as it was told to."""
    glossary = [{"source": "train station", "target": "Zugbahnhof"}, {"source": "Quuxly", "target": ""}]
    answer = await said(service, "The train station of Quuxly is at https://quuxly.example/a?b=1.", glossary=glossary)
    assert all(phrase in answer for phrase in ("Zugbahnhof", "Quuxly", "https://quuxly.example/a?b=1"))


async def test_languages_are_found_out(service: Running) -> None:
    """Without a source each sentence's language is told; what is in the target already is left alone."""
    text = "Where is the train station? Wo ist der Bahnhof? Où est la gare ?"
    found = await pieces(service, text, source_language="")
    assert [piece.source_language for piece in found] == ["en", "de", "fr"]
    assert found[1].text == " Wo ist der Bahnhof?"
    only = await pieces(service, text, source_language="", target_language="", detect_only=True)
    assert [(piece.source_language, piece.text) for piece in only] == [("en", ""), ("de", ""), ("fr", "")]


async def test_a_pair_that_it_was_not_taught_goes_through_english(service: Running, bare: Engine) -> None:
    """German becomes French by way of English."""
    (english,) = bare.translate(["Wo ist der Bahnhof?"], "en")
    assert (
        await said(service, "Wo ist der Bahnhof?", source_language="de", target_language="fr")
        == (bare.translate([english], "fr")[0])
    )


async def test_it_fits_the_budget(service: Running) -> None:
    """Loaded, warm and asked for all it can do, the process holds at most 300 MB."""
    text = " ".join(SENTENCES)
    await asyncio.gather(*(said(service, text, source_language="") for _ in range(16)))
    assert psutil.Process(service.process.pid).memory_info().rss < 300e6
