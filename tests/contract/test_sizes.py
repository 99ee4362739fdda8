"""How long things may get."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePath
from statistics import median, quantiles

from tests.contract.source import ROOMS, Module, modules

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(module: Module) -> Iterator[tuple[str, Function]]:
    """Every function with its place."""
    for node in ast.walk(module.tree):
        if isinstance(node, Function):
            yield f"{module.path}:{node.lineno} {node.name}", node


def length(node: Function) -> int:
    """Lines of a function, its decorators left out."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_no_file_is_longer_than_300_lines() -> None:
    """A file that does one job fits into 300 lines; tests too."""
    assert [m.path for m in modules(*ROOMS, "tests") if m.text.count("\n") > 300] == []


def test_no_folder_holds_more_than_20_files() -> None:
    """More of them side by side do not show what belongs together; tests too."""
    folders = Counter(str(PurePath(m.path).parent) for m in modules(*ROOMS, "tests"))
    assert {folder: count for folder, count in folders.items() if count > 20} == {}


def test_no_function_is_longer_than_60_lines() -> None:
    """A function is read without scrolling."""
    assert [place for m in modules(*ROOMS, "tests") for place, node in functions(m) if length(node) > 60] == []


def test_most_functions_are_short() -> None:
    """Half of the functions have at most 6 lines, nine in ten at most 25."""
    lengths = [length(node) for m in modules(*ROOMS) for _, node in functions(m)]
    assert median(lengths) <= 6
    assert quantiles(lengths, n=10)[-1] <= 25


def test_no_constructor_takes_more_than_six_arguments() -> None:
    """What needs more than six parts is two things."""

    def taken(node: Function) -> int:
        return len(node.args.posonlyargs + node.args.args + node.args.kwonlyargs) - 1

    found = [(place, node) for m in modules(*ROOMS) for place, node in functions(m) if node.name == "__init__"]
    assert [place for place, node in found if taken(node) > 6] == []


def test_every_module_says_its_job() -> None:
    """Each file of ours begins with a docstring."""
    assert [m.path for m in modules(*ROOMS) if not ast.get_docstring(m.tree)] == []
