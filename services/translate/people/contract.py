"""What is asked of a model that finds names, in one place, and how a run shows that it does. Must not know streams."""

from collections.abc import Iterator
from functools import partial

from parley.engines.contract import Graph, Line, nothing
from parley.engines.model import ModelSpec
from parley.engines.protocols import Engine
from services.translate.people.engine import Span, tokenizer_of
from services.translate.people.options import NamesOptions

# Sentences with a name that any such model knows, and without one.
NAMED = (("My name is Peter Miller.", "Peter Miller"), ("Please ask Maria Garcia about it.", "Maria Garcia"))
UNNAMED = "The house on the hill is small and old."


def contract(spec: ModelSpec) -> Iterator[Line]:
    """Options, the tokenizer, the graph's names, shapes and kinds of numbers."""
    yield Line("[options] are known ones, and some of `labels` are names of people", lambda: _labels(spec))
    yield Line("`tokenizer` can be read", nothing(lambda: tokenizer_of(spec)))
    declared, file = NamesOptions.of(spec), next((name for name in spec.files if name.endswith(".onnx")), "")
    graph = Graph(spec, file)
    for name in declared.inputs:
        yield from graph.takes(name, ("texts", "tokens"), "int64")
    yield from graph.gives(declared.output, ("texts", "tokens", len(declared.labels)))
    yield from graph.only(declared.inputs)


def _labels(spec: ModelSpec) -> str:
    declared = NamesOptions.of(spec)
    return "" if declared.of_people else f"no label of {list(declared.people)} is among {list(declared.labels)}"


def golden(engine: Engine[str, list[Span]]) -> Iterator[Line]:
    """A name is found whole, and nothing where there is none."""
    for text, name in NAMED:
        yield Line(f"{text!r} has the name {name!r}", partial(_fault, engine, text, [name]))
    yield Line(f"{UNNAMED!r} has none", partial(_fault, engine, UNNAMED, []))


def _fault(engine: Engine[str, list[Span]], text: str, right: list[str]) -> str:
    (found,) = engine.run([text])
    names = [text[start:end] for start, end in found]
    return "" if names == right else f"it finds {names}"
