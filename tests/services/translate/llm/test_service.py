"""A model that runs elsewhere, through the whole service: opened, asked, replaced; and as a real process."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from parley.engines import contract
from parley.engines.model import ModelSpec, read_spec
from parley.engines.surroundings import RemoteServer, Surroundings
from parley.errors import BadConfig, BadModel
from parley.serving.stage import ServiceConfig
from parley.serving.trial import tried
from parley.v1 import translate_pb2 as v1
from services.translate.session import KnownText
from services.translate.stage import STAGE
from tests.contract.source import ROOT
from tests.e2e.process import running
from tests.llm import GERMAN, KEY, MODEL, Llm, Reply, right
from tests.services.play import of, play

EMBEDDED = ROOT / "models/embedded"
HOW, ROOM, STATION, _ = GERMAN
TOML = f"""name = "llm"
version = "1"
stage = "translate"
backend = "openai"
languages = ["en", "de", "ja"]

[options]
server = "test"
model = "{MODEL}"
fallback = "echo@1"
context = 2
"""


@pytest.fixture
def llm() -> Iterator[Llm]:
    with Llm() as server:
        yield server


@pytest.fixture
def spec(tmp_path: Path, llm: Llm) -> ModelSpec:
    folder = tmp_path / "translate/llm/1"
    folder.mkdir(parents=True)
    (folder / "model.toml").write_text(TOML)
    around = Surroundings((tmp_path, EMBEDDED), {"test": RemoteServer(llm.url, KEY)})
    return replace(read_spec(folder), around=around)


def translations(spec: ModelSpec, items: Sequence[Any], **config: Any) -> list[v1.Translation]:
    asked = v1.TranslateConfig(**{"source_language": "en", "target_language": "de", **config})
    session = STAGE.begin(asked, spec, ServiceConfig(listen="", models=()))
    return of(v1.Translation, play(session, STAGE.open_engine(spec).model, items))


def test_a_stream_says_who_translated(llm: Llm, spec: ModelSpec) -> None:
    """The model, the one that stands in for it and why, the model again; context and speakers go along."""

    def rule(messages: list[dict[str, str]]) -> Reply:
        return Reply(status=500) if ROOM in messages[-1]["content"] else right(messages)

    llm.rule = rule
    said = [KnownText(HOW, "", "Ann"), KnownText(ROOM, "", "Bob"), KnownText(STATION, "", "Ann")]
    done = translations(spec, said)
    assert [each.text for each in done] == [GERMAN[HOW], ROOM, GERMAN[STATION]]
    assert [each.fallback.model for each in done] == ["", "echo@1", ""]
    assert [each.HasField("fallback") for each in done] == [False, True, False]
    assert (done[1].fallback.reason, done[1].source_text) == ("UNAVAILABLE", ROOM)
    turns = [each["content"] for each in llm.asked[-1]["messages"][1:]]
    assert turns == [
        f'<speech speaker="Ann">{HOW}</speech>', GERMAN[HOW],
        f'<speech speaker="Bob">{ROOM}</speech>', ROOM,
        f'<speech speaker="Ann">{STATION}</speech>',
    ]  # fmt: skip


def test_a_phrase_stands_or_somebody_else_sees_to_it(llm: Llm, spec: ModelSpec) -> None:
    """A model that leaves a phrase out twice is replaced for all parts of the sentence."""
    llm.rule = lambda messages: Reply("Wo ist der Bahnhof?")
    (done,) = translations(spec, [STATION], glossary=[v1.GlossaryEntry(source="train station", target="Zughalt")])
    assert (done.text, done.fallback.reason) == ("Where is the Zughalt?", "ANSWER_UNUSABLE")
    assert len(llm.asked) == 2


def test_nobody_translates_what_nobody_knows(llm: Llm, spec: ModelSpec) -> None:
    """The piece says so; the next one is none the worse."""
    llm.rule = lambda messages: Reply("no") if ROOM in str(messages[-2:]) else Reply("駅はどこですか。")
    alone = replace(spec, options={**spec.options, "fallback": "", "context": 0})
    done = translations(alone, [f"{ROOM} {STATION}"], target_language="ja")
    assert [(each.text, each.fallback.reason) for each in done] == [
        ("", "ANSWER_UNUSABLE"),
        (" 駅はどこですか。", ""),
    ]


def test_it_opens_without_its_server(llm: Llm, spec: ModelSpec) -> None:
    """Which may come later; one that is there and says no is a fault of the model."""
    gone = replace(spec, around=Surroundings(spec.around.roots, {"test": RemoteServer("http://127.0.0.1:9/v1")}))
    (done,) = translations(gone, [HOW])
    assert (done.text, done.fallback.reason) == (HOW, "UNAVAILABLE")
    with pytest.raises(BadModel, match="has no model 'other'"):
        STAGE.open_engine(replace(spec, options={**spec.options, "model": "other"}))


async def test_it_is_tried_as_any_other_version(llm: Llm, spec: ModelSpec) -> None:
    """In a process of its own, which is told the servers by a pipe."""
    await tried(STAGE.open_engine, spec, 60.0)
    assert llm.looks == 1


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"fallback": "gone@1"}, "has no gone@1"),
        ({"fallback": "llm@1"}, r"`options\.fallback` is llm@1, which runs elsewhere too"),
    ],
)
def test_a_stand_in_that_cannot_be_is_refused(spec: ModelSpec, options: dict[str, str], told: str) -> None:
    """By the contract, before it is opened."""
    lines = list(contract.check(STAGE.contract(replace(spec, options={**spec.options, **options}))))
    assert [line.asks for line in lines if line.fault] == ["`fallback` is a version that lies here and runs here"]
    assert [line for line in contract.check(STAGE.contract(spec)) if line.fault] == []


def test_a_deadline_longer_than_the_streams_patience_is_refused(spec: ModelSpec) -> None:
    """The stream would end where it should fall back."""
    slow = replace(spec, options={**spec.options, "deadline_s": 10.0})
    with pytest.raises(BadConfig, match=r"10 s \(`deadline_s`\), and its service waits 10 s \(`job_budget_s`\)"):
        translations(slow, [])


async def test_as_a_process(tmp_path: Path, llm: Llm, spec: ModelSpec) -> None:
    """The server and its key come from the environment; many streams are out at a time; no log has the key."""
    env = {"PARLEY_SERVERS__TEST__BASE_URL": llm.url, "PARLEY_SERVERS__TEST__API_KEY": KEY}
    roots = {"PARLEY_MODELS_ROOT": f"{tmp_path},{EMBEDDED}", "PARLEY_MODELS": "llm@1,echo@1"}
    async with running("translate", tmp_path, **env, **roots) as service:
        answers = await service.ask({"source_language": "en", "target_language": "de"}, [f"{HOW} {STATION}"])
        assert answers[0].opened.model == "llm@1"
        assert "".join(each.translation.text for each in answers) == f"{GERMAN[HOW]} {GERMAN[STATION]}"
        llm.rule = lambda messages: Reply(status=401)
        (_, failed) = await service.ask({"source_language": "en", "target_language": "de"}, [HOW])
        assert failed.translation.fallback.model == "echo@1"
        assert sorted(await service.models()) == ["echo@1", "llm@1"]
        code, log = await service.stop()
    assert code == 0
    assert "the model did not translate" in log
    assert KEY not in log
