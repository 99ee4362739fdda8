"""Who retries what is decided in gateway/replicas/retry.py alone."""

import ast
from collections.abc import Iterator

import pytest

from parley.errors import ParleyError
from parley.wire.error_names import tree
from tests.contract.source import Module, modules

TABLE = "gateway/replicas/retry.py"
RETRIES_HERE = ("gateway/replicas/", "gateway/routing/", "gateway/pipeline/", "gateway/core.py")
KINDS = {kind.__name__ for kind in tree()} - {ParleyError.__name__}


def told_apart(module: Module) -> Iterator[str]:
    """Where a file looks at which class of ours an error is."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("isinstance", "issubclass"):
            names = {each.id for each in ast.walk(node.args[1]) if isinstance(each, ast.Name)}
            if names & KINDS:
                yield f"{module.path}:{node.lineno} asks for {', '.join(names & KINDS)}: {TABLE} decides that"


def test_only_the_table_tells_errors_apart() -> None:
    """Whoever retries asks the table; none has a rule of its own."""
    files = [each for each in modules("gateway") if each.path.startswith(RETRIES_HERE) and each.path != TABLE]
    assert len(files) > 20
    assert [line for module in files for line in told_apart(module)] == []


@pytest.mark.parametrize("text", ["isinstance(error, Draining)", "if isinstance(e, (Overloaded, ValueError)): pass"])
def test_a_rule_elsewhere_is_found(text: str) -> None:
    """The checker is not blind."""
    assert list(told_apart(Module("gateway/pipeline/branch.py", text)))
    assert list(told_apart(Module("gateway/pipeline/branch.py", "isinstance(error, ParleyError)"))) == []
