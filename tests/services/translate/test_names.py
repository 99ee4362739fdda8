"""Models that find names."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from parley.engines.model import ModelSpec, read_spec
from parley.errors import BadInput, BadModel
from parley.serving.stage import ServiceConfig
from parley.v1 import translate_pb2 as v1
from services.translate.stage import begin, contract, golden, open_engine
from tests.fakes import spec_of
from tests.services.translate import names_model

SETTINGS = ServiceConfig(listen="", models=())


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> ModelSpec:
    return names_model.write(tmp_path_factory.mktemp("models"))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Hello, my name is Ann Lee.", ["Ann Lee"]),
        ("Bob, is this Ann's?", ["Bob", "Ann"]),
        ("I met Ann and Bob in Paris", ["Ann", "Bob"]),
        ("Ann-Lee Garcia", ["Ann-Lee Garcia"]),
        ("nobody", []),
        ("", []),
        (f"{'so ' * 50}Ann{' and' * 50} Bob Miller{' so' * 9}", ["Ann", "Bob Miller"]),
    ],
)
def test_names_are_whole_words(spec: ModelSpec, text: str, names: list[str]) -> None:
    """Side by side they are one; a long text is looked at in parts; a batch changes nothing."""
    engine = open_engine(spec).model
    for jobs in ([text], ["Ann", text, "so so so so so so so so"]):
        found = engine.run(jobs)[jobs.index(text)]
        assert [text[start:end] for start, end in found] == names


def test_each_text_is_answered_once_and_in_order(spec: ModelSpec) -> None:
    """As it came, cut where it was flushed."""
    engine, session, said = (
        open_engine(spec).model,
        begin(v1.TranslateConfig(find_names=True), spec, SETTINGS),
        list[Any](),
    )
    for text in ("I am ", "Ann."):
        said += session.feed(text)
    said += session.flush()
    said += [*session.flush(), *session.feed("Bob"), *session.finish()]
    while (job := session.next_job()) is not None:
        said += session.absorb(engine.run([job])[0])
    assert [each.source_text for each in said] == ["I am Ann.", "Bob"]
    assert [(each.start, each.end) for answer in said for each in answer.names] == [(5, 8), (0, 3)]


def test_it_keeps_the_contract(spec: ModelSpec) -> None:
    """Line by line, also when it runs."""
    lines = [*contract(spec), *golden(spec, open_engine(spec).model, Path())]
    assert [(line.asks, line.check()) for line in lines if line.check()] == []
    assert len(lines) == 8


def test_a_model_does_one_of_the_two(spec: ModelSpec) -> None:
    """Who asks it for the other is told."""
    with pytest.raises(BadInput, match="finds names and does not translate"):
        begin(v1.TranslateConfig(target_language="de"), spec, SETTINGS)
    with pytest.raises(BadInput, match="translates and finds no names"):
        begin(v1.TranslateConfig(find_names=True), spec_of("translate", tokens="words"), SETTINGS)


@pytest.mark.parametrize(
    ("key", "value", "wrong"), [("output", "nothing", "does not run"), ("tokenizer", "model.onnx", "is no tokenizer")]
)
def test_a_graph_that_is_not_as_it_says_is_refused(tmp_path: Path, key: str, value: str, wrong: str) -> None:
    """Before anybody asks it."""
    names_model.write(tmp_path)
    toml = tmp_path / "translate/lookup/1/model.toml"
    toml.write_text(f'{toml.read_text()}{key} = "{value}"\n')

    with pytest.raises(BadModel, match=wrong):
        open_engine(read_spec(toml.parent))


def test_labels_without_people_are_told(spec: ModelSpec) -> None:
    """Such a model would find nothing."""
    other = replace(spec, options={**spec.options, "people": ("GIVEN_NAME",)})
    assert "no label of ['GIVEN_NAME'] is among" in next(line.check() for line in contract(other))
